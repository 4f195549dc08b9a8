import type {
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	Icon,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';
import {
	AROUND,
	BASE_URL_SUFFIX,
	cleanKey,
	INVISIBLE,
} from '../nodes/OctopusXVideo/api/credential';

export class OctopusXApi implements ICredentialType {
	name = 'octopusXApi';

	displayName = 'OctopusX API';

	icon: Icon = { light: 'file:../icons/octopusx.svg', dark: 'file:../icons/octopusx.dark.svg' };

	documentationUrl = 'https://doc.octopusx.ai';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			description: 'Created in the OctopusX console, under API keys',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://octopusx.ai',
			placeholder: 'e.g. https://octopusx.ai',
			description:
				'Address of the API, beginning with https://. A trailing slash or /v1 makes no difference.',
		},
	];

	test: ICredentialTestRequest = {
		request: {
			// the same steps as in `normalizeBaseUrl`
			baseURL: `={{$credentials.baseUrl.replace(${String(INVISIBLE)}, "").trim().replace(${String(AROUND)}, "").replace(${String(BASE_URL_SUFFIX)}, "")}}`,
			url: '/v1/models',
			// n8n would send the key to the target of a redirect
			disableFollowRedirect: true,
		},
		// n8n accepts both kinds of rules in one list, but its type does not allow it
		rules: [
			{
				type: 'responseCode',
				properties: {
					value: 401,
					message: 'OctopusX did not accept this API key. Copy it again from the OctopusX console.',
				},
			},
			{
				type: 'responseCode',
				properties: {
					value: 403,
					message: 'OctopusX refused this API key. Check its permissions and the balance.',
				},
			},
			{
				type: 'responseCode',
				properties: { value: 404, message: 'There is no OctopusX API at this Base URL.' },
			},
			{
				// the console serves its web page for every path, with HTTP 200
				type: 'responseSuccessBody',
				properties: {
					key: '0',
					value: '<',
					message:
						'This Base URL belongs to a web page, not to the API. Enter https://octopusx.ai, without a path.',
				},
			},
			{
				type: 'responseSuccessBody',
				properties: {
					key: 'success',
					value: false,
					message:
						'OctopusX answered with an error. Check the API key, and that the Base URL is https://octopusx.ai.',
				},
			},
		] as ICredentialTestRequest['rules'],
	};

	/** A function, because n8n does not resolve a credential's expressions if `binaryMode` is `combined`. */
	async authenticate(
		{ apiKey }: ICredentialDataDecryptedObject,
		options: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		const Authorization = `Bearer ${cleanKey(apiKey)}`;
		return { ...options, headers: { ...options.headers, Authorization } };
	}
}
