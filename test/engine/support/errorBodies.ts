/** Creates the body of an error about authentication or routing. */
export const apiErrorBody = (message: string, code = '') => ({
	error: { message, type: 'new_api_error', code },
});

/** Creates the body of an error of the task endpoints. */
export const taskErrorBody = (code: string, message = code) => ({ code, message, data: null });

/** Creates the body of a refusal by the model service, whose own body is passed on as a string. */
export const modelErrorBody = (message: string, code: string) =>
	taskErrorBody('fail_to_fetch_task', JSON.stringify({ error: { message, code } }));

/** Creates the body of an error of the content endpoint. */
export const contentErrorBody = (message: string) => ({
	error: { message, type: 'invalid_request_error' },
});
