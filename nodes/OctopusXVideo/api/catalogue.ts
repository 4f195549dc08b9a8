import { FROM_MODEL_SERVICE, type Envelope } from './envelope';
import type { FaultDetails } from './errors';

/** The parts of a response that decide what it means. */
export interface AnswerFacts extends Envelope {
	statusCode: number;
	/** True for text instead of JSON, usually a proxy's web page. */
	isPage: boolean;
	isHtml: boolean;
	isTooLarge: boolean;
	hasRetryAfter: boolean;
	/** True if the gateway itself answered, not something in between. */
	isFromGateway: boolean;
}

export interface Explanation extends Pick<FaultDetails, 'repeatable' | 'affectsAllItems'> {
	message: string;
	advice: string;
}

/** Explains what any other item would meet as well. */
function forAllItems(message: string, advice: string): Explanation {
	return { message, advice, affectsAllItems: true };
}

export const LATER = 'Try again later.';

const MODEL_CODES: readonly string[] = [
	'model_not_found',
	'get_channel_failed',
	'model_price_error',
	'model_mapping_failed',
	'invalid_api_platform',
	'missing_model',
];

/** Codes for a model service that the gateway could not reach or did not understand. */
export const SERVICE_CODES: readonly string[] = [
	'do_request_failed',
	'read_response_body_failed',
	'unmarshal_response_body_failed',
	'build_request_failed',
	'invalid_response',
];

/** Explains a response that is not a success by its code (docs/API.md, "Refusals"), if that says enough. */
export function explainCode({ statusCode, code, message }: AnswerFacts): Explanation | undefined {
	if (code === 'insufficient_quota') {
		return forAllItems(
			'The balance for this request is used up',
			'Check the balance of the OctopusX account and the quota of the API key.',
		);
	}
	// the balance of OctopusX at the model service, or at another gateway
	if (code === FROM_MODEL_SERVICE && /insufficient_|_quota_failed/.test(message)) {
		return explainModelService(402);
	}
	if (code === 'task_not_exist') {
		return {
			message: 'OctopusX does not know this task',
			advice:
				"Check the 'Task ID' and that the credential belongs to the account that created the task.",
		};
	}
	if (code === 'insufficient_user_quota') {
		return forAllItems(
			'The balance of the OctopusX account is too low',
			'Top up the account, or choose a shorter or smaller video.',
		);
	}
	if (code === 'pre_consume_token_quota_failed') {
		return forAllItems(
			'The quota of the API key is too low',
			"Raise the key's quota in the OctopusX console, or choose a shorter or smaller video.",
		);
	}
	// whatever the other codes say
	if (statusCode === 429) {
		return {
			message: 'OctopusX received too many requests',
			advice: "Lower the option 'Max Concurrency', or try again later.",
			repeatable: true,
		};
	}
	if (code === 'access_denied') {
		return forAllItems(
			'The API key may not be used from this IP address',
			'Allow the IP address of the n8n server for the API key in the OctopusX console.',
		);
	}
	if (statusCode === 403 && /banned|封禁/.test(message) && code !== FROM_MODEL_SERVICE) {
		return forAllItems('The OctopusX account is disabled', 'Ask the support of OctopusX why.');
	}
	if (MODEL_CODES.includes(code) || /no access to model/.test(message)) {
		return {
			message: 'OctopusX does not offer this model to the account',
			advice:
				'Check the model, and which models the API key may use. A model that worked before may be switched off for a while.',
		};
	}
	if (code === FROM_MODEL_SERVICE) return explainModelService(statusCode);
	if (SERVICE_CODES.includes(code)) {
		return { message: 'OctopusX could not reach the AI model', advice: LATER };
	}
	const isTooLarge = statusCode === 413 || code === 'read_request_body_failed';
	if (isTooLarge || /body (exceeds|too large)/.test(message)) {
		return {
			message: 'The request is too large for OctopusX',
			advice: 'Compress the images or the video, or pass a public URL instead of a file.',
		};
	}
	return undefined;
}

/** Explains a refusal by the model service, whose status the gateway passes on. */
function explainModelService(statusCode: number): Explanation {
	// key, balance or address of OctopusX at the model service
	if ([401, 402, 403, 404].includes(statusCode)) {
		return {
			message: 'The AI model is closed to OctopusX at the moment',
			advice: 'Your API key is not the reason. Try again later, or tell the support of OctopusX.',
		};
	}
	// below 400: the gateway did not understand the model service's response, and refunds the charge
	if (isTemporary(statusCode) || statusCode < 400) {
		return { message: 'The AI model is not available at the moment', advice: LATER };
	}
	return {
		message: 'The model refused the request',
		advice: 'Change the prompt, the images or the settings, as the reason says.',
	};
}

const WEB_PAGE = forAllItems(
	'A web page answered instead of the OctopusX API',
	"Check the 'Base URL' in the credential. If it is right, a firewall or a proxy is in the way: try again later.",
);

/** Explains a response that is not a success by its status, which says less than a code. */
export function explainStatus(answer: AnswerFacts): Explanation {
	const { statusCode, hasRetryAfter, isFromGateway, isPage, isTooLarge } = answer;
	if (statusCode === 407) {
		return forAllItems(
			'A proxy between n8n and OctopusX asks for a login',
			'Ask the administrator of n8n to check the user name and the password in its proxy setting, such as HTTPS_PROXY.',
		);
	}
	// the API sends JSON with these statuses, so a page comes from a proxy, not about the key or balance
	if (isPage && [401, 402, 403].includes(statusCode)) return WEB_PAGE;
	if (statusCode === 401) {
		return forAllItems(
			'OctopusX did not accept the API key',
			"Check the API key in the node's credential. OctopusX refuses a key in the same words when it is wrong, disabled or expired, or its quota is used up.",
		);
	}
	if (statusCode === 402 || statusCode === 403) {
		return forAllItems(
			'The account or the API key does not allow this',
			'Check the balance of the OctopusX account and which models the API key may use.',
		);
	}
	if (statusCode === 503 && hasRetryAfter && isFromGateway) {
		return { message: 'OctopusX is busy', advice: LATER, repeatable: true };
	}
	if (isTemporary(statusCode)) {
		return { message: 'OctopusX is not available at the moment', advice: LATER };
	}
	if (statusCode >= 300 && statusCode < 400) {
		return forAllItems(
			"The 'Base URL' leads to another address",
			"Enter that address as 'Base URL' in the credential: the API key is not sent on to it.",
		);
	}
	if (statusCode === 404) {
		return forAllItems(
			"The 'Base URL' does not lead to the OctopusX API",
			"Check the 'Base URL' in the credential. It is https://octopusx.ai, unless OctopusX gave you another one.",
		);
	}
	if (statusCode >= 400) {
		return {
			message: 'OctopusX rejected the request',
			advice: 'Check the parameters of the node.',
		};
	}
	if (isTooLarge) {
		return forAllItems(
			'OctopusX sent an answer that is too large',
			"It has more than 2 MB, while answers of the API have a few kB. Check the 'Base URL' in the credential, or try again later.",
		);
	}
	if (isPage) return WEB_PAGE;
	return { message: 'OctopusX sent an answer that the node does not understand', advice: LATER };
}

/** True if the status is about the server's current state, not about the request. */
export function isTemporary(statusCode: number): boolean {
	return statusCode >= 500 || statusCode === 429 || statusCode === 408;
}
