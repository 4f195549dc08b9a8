import { gatewayError, taskError } from './answers';
import type { Reply } from './http';
import type { LogEntry } from './routes';

export const MODELS = [
	...['omni-fast', 'omni-fast-v2v', 'sora-2', 'veo_3_1', 'veo_3_1-fast'],
	...['Kling-3.0-Omni', 'Kling-2.6'],
];

/** The text fields that the gateway checks itself. It passes unknown fields on to the model unchanged. */
const TEXTS = ['prompt', 'mode', 'image', 'size', 'seconds'];

/** Applies the gateway's own checks to a `POST /v1/videos`, in the gateway's order. */
export function refuseRequest({ body, headers, requestId }: LogEntry): Reply | undefined {
	const refuse = (message: string) => gatewayError(400, message, requestId);
	if (!headers['content-type']?.includes('application/json')) return refuse(NO_MODEL);
	if (body === undefined || Buffer.isBuffer(body)) {
		return refuse('Invalid request: Invalid request: invalid JSON request body');
	}
	const { model, ...fields } = Object(body) as Record<string, unknown>;
	if (model !== undefined && model !== null && typeof model !== 'string') {
		return refuse('Invalid request: Invalid request: field model must be a string');
	}
	if (!model) return refuse(NO_MODEL);
	if (!MODELS.includes(model)) {
		const message = `No available channel for model ${model} under group default (distributor)`;
		return gatewayError(503, message, requestId, 'model_not_found');
	}
	return refuseTypes(fields) ?? refusePrompt(fields) ?? refuseSeconds(fields);
}

const NO_MODEL = 'Model name not specified, model name cannot be empty';

function refuseTypes(fields: Record<string, unknown>): Reply | undefined {
	const wrongType = (name: string, value: unknown, type: string) =>
		taskError(
			400,
			'invalid_json',
			`json: cannot unmarshal ${typeOf(value)} into Go struct field .Alias.${name} of type ${type}`,
		);
	const isText = (value: unknown) => value === undefined || value === null || isString(value);
	const wrong = TEXTS.find((name) => !isText(fields[name]));
	if (wrong) return wrongType(wrong, fields[wrong], 'string');
	// OctopusX documents a list as well; the open gateway takes a text only
	const { input_reference: input } = fields;
	if (!isText(input) && !Array.isArray(input)) return wrongType('input_reference', input, 'string');
	const images = fields.images ?? [];
	if (!Array.isArray(images)) return wrongType('images', images, '[]string');
	const other = images.find((image) => !isText(image));
	return other === undefined ? undefined : wrongType('images', other, 'string');
}

function refusePrompt({ prompt }: Record<string, unknown>): Reply | undefined {
	if (isString(prompt) && prompt.trim() !== '') return undefined;
	return taskError(400, 'invalid_request', 'prompt is required');
}

function refuseSeconds({ seconds }: Record<string, unknown>): Reply | undefined {
	if (!isString(seconds) || !/^-?\d+$/.test(seconds)) return undefined;
	// The gateway treats 0 as a missing value.
	if (Number(seconds) >= 0 && Number(seconds) <= 3600) return undefined;
	return taskError(400, 'invalid_seconds', 'seconds must be between 1 and 3600');
}

function isString(value: unknown): value is string {
	return typeof value === 'string';
}

/** Returns the type of a JSON value as Go names it in error messages. */
function typeOf(value: unknown): string {
	if (Array.isArray(value)) return 'array';
	return typeof value === 'boolean' ? 'bool' : typeof value;
}
