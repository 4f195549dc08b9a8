import {
	ICredentialsHelper,
	NodeHelpers,
	type ICredentialDataDecryptedObject,
	type ICredentials,
	type IHttpRequestHelper,
	type IHttpRequestOptions,
	type INode,
	type INodeParameters,
} from 'n8n-workflow';
import { OctopusXApi } from '../../../credentials/OctopusXApi.credentials';

/**
 * n8n's credentials helper for a single credential, kept in memory. The real one is part of the n8n
 * application and is not published separately; `authenticate` and `getDecrypted` behave as it does.
 */
export class CredentialsHelper extends ICredentialsHelper {
	private readonly type = new OctopusXApi();

	constructor(private readonly data: ICredentialDataDecryptedObject) {
		super();
	}

	getParentTypes(): string[] {
		return [];
	}

	isCredentialUsableByNode(): boolean {
		return true;
	}

	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		_typeName: string,
		options: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		return await this.type.authenticate(credentials, options);
	}

	/** Fills empty fields with their defaults, as n8n does. */
	async getDecrypted(): Promise<ICredentialDataDecryptedObject> {
		const { properties } = this.type;
		const data = this.data as INodeParameters;
		const filled = NodeHelpers.getNodeParameters(properties, data, true, false, null, null);
		return { ...this.data, ...filled } as ICredentialDataDecryptedObject;
	}

	async preAuthentication(
		helper: IHttpRequestHelper,
		credentials: ICredentialDataDecryptedObject,
		typeName: string,
		_node: INode,
		isExpired: boolean,
	): Promise<undefined> {
		const { name, preAuthentication, properties } = this.type;
		// the benchmark also runs nodes with other credentials
		if (typeName !== name) return;
		const expirable = properties.find(({ typeOptions }) => typeOptions?.expirable === true);
		const isDue = credentials[expirable?.name ?? ''] === '' || isExpired;
		if (expirable && isDue) await preAuthentication.call(helper, credentials);
	}

	async runPreAuthentication(): Promise<undefined> {}

	async getCredentials(): Promise<ICredentials> {
		throw new Error('Not part of a test run');
	}

	async updateCredentials(): Promise<void> {}

	async updateCredentialsOauthTokenData(): Promise<void> {}

	getCredentialsProperties() {
		return this.type.properties;
	}
}
