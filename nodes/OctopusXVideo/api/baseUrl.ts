/** What people paste after the host: trailing slashes, `/v1`, or both. */
export const BASE_URL_SUFFIX = /\/*(\/v1)?\/*$/;

/**
 * The address all API paths are appended to, or `undefined` when it is no http(s) address, or
 * one that ends in a query, behind which a path would get lost, or that holds a user name: it would be
 * sent in place of the key.
 *
 * @param baseUrl as typed into the credential; a trailing `/` or `/v1` is forgiven
 */
export function normalizeBaseUrl(baseUrl: unknown): string | undefined {
	if (typeof baseUrl !== 'string') return undefined;
	const address = baseUrl.trim().replace(BASE_URL_SUFFIX, '');
	if (!/^https?:\/\/[^?#]+$/i.test(address) || !URL.canParse(address)) return undefined;
	const { username, password } = new URL(address);
	return username === '' && password === '' ? address : undefined;
}

/** Whether two addresses share scheme, host and port: the key of one may go to the other. */
export function isSameOrigin(url: string, other: string): boolean {
	return new URL(url).origin === new URL(other).origin;
}
