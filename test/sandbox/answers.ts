import { html, json, type Reply } from './http';

/**
 * Error responses. Each part of the gateway has its own envelope (docs/API.md, "Error envelopes").
 * As observed, only some of them include the request ID in their message.
 */

/** Creates an error of the middleware, which handles authentication, routing and limits. */
export function gatewayError(status: number, message: string, requestId: string, code = ''): Reply {
	const text = `${message} (request id: ${requestId})`;
	return json(status, { error: { code, message: text, type: 'new_api_error' } });
}

/** Creates an error of the task endpoints. */
export function taskError(status: number, code: string, message: string): Reply {
	return json(status, { code, message, data: null });
}

/** Creates a refusal by the model service. The gateway passes on the service's body as a string. */
export function modelError(status: number, body: unknown): Reply {
	return taskError(status, 'fail_to_fetch_task', JSON.stringify(body));
}

/** Creates an error of the content endpoint. */
export function contentError(status: number, message: string): Reply {
	return json(status, { error: { message, type: 'invalid_request_error' } });
}

/** Creates the response to an unknown path below /v1 or /api. */
export function invalidUrl(method: string, path: string): Reply {
	const message = `Invalid URL (${method} ${path})`;
	return json(404, { error: { message, type: 'invalid_request_error', param: '', code: '' } });
}

/** Creates an error of the console's own endpoints, below /api. */
export function consoleError(status: number, message: string): Reply {
	return json(status, { success: false, message });
}

/** Creates the response to every other path, with any method: the console's web page. */
export function consolePage(): Reply {
	const page = '<!doctype html><html lang="en"><head><title>Console</title></head></html>';
	return html(200, page);
}
