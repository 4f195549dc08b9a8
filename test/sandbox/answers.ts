import { html, json, type Reply } from './http';

/**
 * The answers that are no success, each in the envelope of the part of the gateway that gives it
 * (docs/API.md, "Error envelopes"). Which of them name the request in their text is as observed.
 */

/** Authentication, routing, limits: all that comes before a request is looked into. */
export function gatewayError(status: number, message: string, requestId: string, code = ''): Reply {
	const text = `${message} (request id: ${requestId})`;
	return json(status, { error: { code, message: text, type: 'new_api_error' } });
}

/** The task endpoints. */
export function taskError(status: number, code: string, message: string): Reply {
	return json(status, { code, message, data: null });
}

/** What the model service has refused: the gateway puts the service's body into a string. */
export function modelError(status: number, body: unknown): Reply {
	return taskError(status, 'fail_to_fetch_task', JSON.stringify(body));
}

/** The content endpoint. */
export function contentError(status: number, message: string): Reply {
	return json(status, { error: { message, type: 'invalid_request_error' } });
}

/** An address below /v1 or /api that there is not. */
export function invalidUrl(method: string, path: string): Reply {
	const message = `Invalid URL (${method} ${path})`;
	return json(404, { error: { message, type: 'invalid_request_error', param: '', code: '' } });
}

/** What belongs to the console, below /api. */
export function consoleError(status: number, message: string): Reply {
	return json(status, { success: false, message });
}

/** Every other address is the console's, whatever the method. */
export function consolePage(): Reply {
	const page = '<!doctype html><html lang="en"><head><title>Console</title></head></html>';
	return html(200, page);
}
