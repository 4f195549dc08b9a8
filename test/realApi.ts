import { normalizeBaseUrl } from '../nodes/OctopusXVideo/api/credential';

/**
 * Returns the API that OCTOPUSX_API_KEY and OCTOPUSX_BASE_URL select, or `undefined` without a key.
 *
 * @throws if OCTOPUSX_BASE_URL is not a URL
 */
export function realApi(): { apiKey: string; baseUrl: string } | undefined {
	const { OCTOPUSX_API_KEY: apiKey, OCTOPUSX_BASE_URL: baseUrl = 'https://octopusx.ai' } =
		process.env;
	if (!apiKey) return undefined;
	if (!normalizeBaseUrl(baseUrl)) throw new Error(`OCTOPUSX_BASE_URL is not a URL: ${baseUrl}`);
	return { apiKey, baseUrl };
}
