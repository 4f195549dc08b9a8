import { NodeApiError, type ILoadOptionsFunctions, type INodeListSearchResult } from 'n8n-workflow';
import { OctopusXClient } from '../api/client';
import { OctopusXError } from '../api/errors';
import { FAMILIES, familyOf, UNKNOWN, type Family } from '../models';
import { withTimeout } from '../timing/time';

/**
 * Returns the list of the field Model: the models that fit the operation, by family, then unknown ones; only
 * those that contain the user's search text. Throws a NodeApiError.
 */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const models = await loadModels(this).catch((error: Error) => {
		throw error instanceof OctopusXError ? toNodeError(this, error) : error;
	});
	const searchText = filter.trim().toLowerCase();
	const isEdit = this.getCurrentNodeParameter('operation') === 'edit';
	const results = models
		.filter((id) => id.toLowerCase().includes(searchText))
		.map((id) => ({ id, family: familyOf(id) }))
		.filter(({ family }) => !family.refusal && (!isEdit || family.sources.video))
		.sort((a, b) => rankOf(a.family) - rankOf(b.family) || a.id.localeCompare(b.id))
		.map(({ id, family }) => ({ name: nameOf(id, family), value: id }));
	return { results };
}

function rankOf(family: Family): number {
	return family === UNKNOWN ? Infinity : FAMILIES.indexOf(family);
}

function nameOf(id: string, { label, sources }: Family): string {
	return label ? `${id} (${label}${sources.video ? '; for Edit' : ''})` : id;
}

async function loadModels(context: ILoadOptionsFunctions): Promise<string[]> {
	const client = await OctopusXClient.connect(context);
	// not long, because a user is looking at the drop-down
	const models = await withTimeout(20_000, (signal) => client.getVideoModels(signal));
	if (!models) throw new OctopusXError('OctopusX did not answer', 'Try again later.');
	if (models.length > 0) return models;
	throw new OctopusXError(
		'The API key has no access to a video model',
		'Give it access in the OctopusX console, or enter a model by its ID.',
	);
}

/**
 * Converts an error for the drop-down, which shows only the description of a `NodeApiError` and its HTTP
 * status. For 401 and 403 it also shows a link to the credential.
 */
function toNodeError(context: ILoadOptionsFunctions, error: OctopusXError): NodeApiError {
	const { message, description, details } = error;
	const { statusCode } = details;
	const isAboutKey = statusCode === 401 || statusCode === 403;
	const options = { message, description, ...(isAboutKey && { httpCode: String(statusCode) }) };
	return new NodeApiError(context.getNode(), {}, options);
}
