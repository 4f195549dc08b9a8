/** The body of an error about authentication, routing or content. */
export const apiErrorBody = (message: string) => ({
	error: { message, type: 'new_api_error', code: '' },
});

/** The body of an error of the task endpoints. */
export const taskErrorBody = (code: string) => ({ code, message: code, data: null });
