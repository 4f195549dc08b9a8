import { FROM_MODEL_SERVICE, type Envelope } from './envelope';

/** What an answer says, as far as its meaning depends on it. */
export interface Sign extends Envelope {
	statusCode: number;
	/** Whether text came instead of JSON: a page of a proxy, mostly. */
	isPage: boolean;
	isTooLarge: boolean;
	asksToRetry: boolean;
}

interface Entry {
	applies: (sign: Sign) => boolean;
	message: string;
	/** What to do next. */
	advice: string;
	/** See `FaultDetails`, here as below. */
	repeatable?: boolean;
	isCommon?: boolean;
}

export const LATER = 'Try again later.';

/** docs/API.md, "Refusals": 429 is 429 whatever the code says; the other codes say more than the status. */
const CODES: readonly Entry[] = [
	{
		applies: ({ statusCode }) => statusCode === 429,
		message: 'OctopusX received too many requests',
		advice: "Lower the option 'Max Concurrency', or try again later.",
		repeatable: true,
	},
	{
		applies: ({ code }) => code === 'task_not_exist',
		message: 'OctopusX does not know this task',
		advice:
			"Check the 'Task ID' and that the credential belongs to the account that created the task.",
	},
	{
		applies: ({ code }) => code === 'insufficient_user_quota',
		message: 'The balance of the OctopusX account is too low',
		advice: 'Top up the account, or choose a shorter or smaller video.',
		isCommon: true,
	},
	{
		applies: ({ code }) => code === 'pre_consume_token_quota_failed',
		message: 'The quota of the API key is too low',
		advice: "Raise the key's quota in the OctopusX console, or choose a shorter or smaller video.",
		isCommon: true,
	},
	{
		applies: ({ code, message }) =>
			MODEL_CODES.includes(code) || /no access to model/.test(message),
		message: 'OctopusX does not offer this model to the account',
		advice:
			"Check the option 'Model' and which models the API key may use. A model that worked before may be switched off for a while.",
	},
	{
		applies: ({ code, statusCode }) =>
			code === FROM_MODEL_SERVICE && (statusCode === 401 || statusCode === 403),
		message: 'The AI model is closed to OctopusX at the moment',
		advice: 'Your API key is not the reason. Try again later, or tell the support of OctopusX.',
	},
	{
		// below 400: an answer that the gateway does not understand, and gives the charge back for
		applies: ({ code, statusCode }) =>
			code === FROM_MODEL_SERVICE && (isPassing(statusCode) || statusCode < 400),
		message: 'The AI model is not available at the moment',
		advice: LATER,
	},
	{
		applies: ({ code }) => code === FROM_MODEL_SERVICE,
		message: 'The model refused the request',
		advice: 'Change the prompt, the images or the settings, as the reason says.',
	},
	{
		applies: ({ code }) => SERVICE_CODES.includes(code),
		message: 'OctopusX could not reach the AI model',
		advice: LATER,
	},
	{
		applies: ({ code, message, statusCode }) =>
			statusCode === 413 ||
			code === 'read_request_body_failed' ||
			/body (exceeds|too large)/.test(message),
		message: 'The request is too large for OctopusX',
		advice: 'Compress the images or the video, or pass a public URL instead of a file.',
	},
];

const MODEL_CODES: readonly string[] = [
	'model_not_found',
	'get_channel_failed',
	'model_price_error',
	'model_mapping_failed',
	'invalid_api_platform',
	'missing_model',
];

/** The model service could not be reached, or answered oddly. */
export const SERVICE_CODES: readonly string[] = [
	'do_request_failed',
	'read_response_body_failed',
	'unmarshal_response_body_failed',
	'build_request_failed',
	'invalid_response',
];

const WEB_PAGE = {
	message: 'A web page answered instead of the OctopusX API',
	advice:
		"Check the 'Base URL' in the credential. If it is right, a firewall or a proxy is in the way: try again later.",
	isCommon: true,
};

/** With these the API says JSON: a page is that of somebody in between, and not about key or balance. */
const PAGE_STATUSES: readonly number[] = [401, 402, 403];

/** What a status means, most telling first. */
const STATUSES: readonly Entry[] = [
	{
		applies: ({ statusCode }) => statusCode === 407,
		message: 'A proxy between n8n and OctopusX asks for a login',
		advice:
			'Tell whoever runs n8n to check the user name and the password in its proxy setting, such as HTTPS_PROXY.',
		isCommon: true,
	},
	{
		applies: ({ isPage, statusCode }) => isPage && PAGE_STATUSES.includes(statusCode),
		...WEB_PAGE,
	},
	{
		applies: ({ statusCode }) => statusCode === 401,
		message: 'OctopusX did not accept the API key',
		advice:
			"Check the API key in the node's credential. OctopusX refuses a key in the same words when it is wrong, disabled or expired, or its quota is used up.",
		isCommon: true,
	},
	{
		applies: ({ statusCode }) => statusCode === 402 || statusCode === 403,
		message: 'The account or the API key does not allow this',
		advice: 'Check the balance of the OctopusX account and which models the API key may use.',
		isCommon: true,
	},
	{
		applies: ({ statusCode, asksToRetry }) => statusCode === 503 && asksToRetry,
		message: 'OctopusX is busy',
		advice: LATER,
		repeatable: true,
	},
	{
		applies: ({ statusCode }) => isPassing(statusCode),
		message: 'OctopusX is not available at the moment',
		advice: LATER,
	},
	{
		applies: ({ statusCode }) => statusCode >= 300 && statusCode < 400,
		message: "The 'Base URL' leads on to another address",
		advice: "Enter that address as 'Base URL' in the credential: the API key is not sent on to it.",
		isCommon: true,
	},
	{
		applies: ({ statusCode }) => statusCode === 404,
		message: "The 'Base URL' does not lead to the OctopusX API",
		advice:
			"Check the 'Base URL' in the credential. It is https://octopusx.ai unless you were told another one.",
		isCommon: true,
	},
	{
		applies: ({ statusCode }) => statusCode >= 400,
		message: 'OctopusX rejected the request',
		advice: 'Check the parameters of the node.',
	},
	{
		applies: ({ isTooLarge }) => isTooLarge,
		message: 'OctopusX sent an answer that is too large',
		advice:
			"More than 2 MB came, and the answers of the API have a few kB. Check the 'Base URL' in the credential, or try again later.",
		isCommon: true,
	},
	{
		applies: ({ isPage }) => isPage,
		...WEB_PAGE,
	},
	{
		applies: () => true,
		message: 'OctopusX sent an answer that the node does not understand',
		advice: LATER,
	},
];

/** The first entry that applies: the codes say more than the statuses. */
export function entryOf(sign: Sign): Entry {
	return [...CODES, ...STATUSES].find(({ applies }) => applies(sign)) as Entry;
}

/** Statuses that speak of the moment, not of the request. */
export function isPassing(statusCode: number): boolean {
	return statusCode >= 500 || statusCode === 429 || statusCode === 408;
}
