import type {
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	Icon,
	IDataObject,
	IHttpRequestHelper,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';
import { OctopusXClient } from '../nodes/OctopusXVideo/api/client';
import {
	cleanKey,
	DEFAULT_BASE_URL,
	normalizeBaseUrl,
} from '../nodes/OctopusXVideo/api/credential';
import { attempt } from '../nodes/OctopusXVideo/api/errors';
import { TESTED, type ApiContext } from '../nodes/OctopusXVideo/api/transport';

export class OctopusXApi implements ICredentialType {
	name = 'octopusXApi';

	displayName = 'OctopusX API';

	icon: Icon = { light: 'file:../icons/octopusx.svg', dark: 'file:../icons/octopusx.dark.svg' };

	documentationUrl = 'https://example.com/n8n-nodes-octopusx#quick-start';

	properties: INodeProperties[] = [
		{
			displayName:
				'No account yet? <a href="https://octopusx.ai" target="_blank">Sign up for OctopusX</a>',
			name: 'signUp',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			description:
				'Make one in the <a href="https://octopusx.ai" target="_blank">OctopusX console</a>, under API keys',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: DEFAULT_BASE_URL,
			placeholder: 'e.g. https://octopusx.ai',
			description: 'Leave as it is, unless OctopusX gave you another address',
		},
		{
			displayName: 'Tested',
			name: TESTED,
			type: 'hidden',
			typeOptions: { expirable: true },
			default: '',
		},
	];

	/** Needs no rules, because `preAuthentication` finds all faults first. */
	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{ $credentials.baseUrl }}',
			url: '/v1/models',
			// n8n would send the key to the target of a redirect
			disableFollowRedirect: true,
		},
	};

	/**
	 * Tests the credential, and throws a sentence if it does not work: n8n would show ENOTFOUND. n8n calls this
	 * before each request while `TESTED` is empty: in the credential's test, not for the node. It returns
	 * nothing that n8n would save.
	 */
	async preAuthentication(
		this: IHttpRequestHelper,
		credentials: ICredentialDataDecryptedObject,
	): Promise<IDataObject> {
		const send = async (_type: string, options: IHttpRequestOptions): Promise<unknown> =>
			await this.helpers.httpRequest(
				await OctopusXApi.prototype.authenticate(credentials, options),
			);
		const context = {
			getCredentials: async () => credentials,
			helpers: { httpRequestWithAuthentication: send },
		} as unknown as ApiContext;
		const { signal } = new AbortController();
		const { fault } = await attempt(
			OctopusXClient.connect(context).then(async (client) => await client.getVideoModels(signal)),
		);
		if (fault) throw new Error(`${fault.message}. ${fault.description}`);
		return {};
	}

	/** A function, because n8n does not resolve a credential's expressions if `binaryMode` is `combined`. */
	async authenticate(
		{ apiKey, baseUrl }: ICredentialDataDecryptedObject,
		options: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		const headers = { ...options.headers, Authorization: `Bearer ${cleanKey(apiKey)}` };
		// only the test has a path in place of a URL, and the HTTP Request node has a `uri`
		const isPath = (options.url as string | undefined)?.startsWith('/v1/');
		return { ...options, headers, ...(isPath && { baseURL: normalizeBaseUrl(baseUrl) }) };
	}
}
