import { NodeApiError, type ILoadOptionsFunctions, type INodeListSearchResult } from 'n8n-workflow';
import { OctopusXClient } from '../api/client';
import { OctopusXError } from '../api/errors';
import { operations } from '../operations';
import { withinOrEnded } from '../timing/pause';

/** Somebody sits before the list and waits. */
const ANSWER_LIMIT_MS = 20_000;

/**
 * What the list of the option Model offers: the operation's usual model, then the others that the key
 * may use, by name.
 *
 * @param filter what the user types to search
 * @throws NodeApiError why there is no list, for the drop-down to show
 */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const models = await loadModels(this).catch((error: Error) => {
		throw error instanceof OctopusXError ? toNodeError(this, error) : error;
	});
	const wanted = filter.trim().toLowerCase();
	const usual = usualModelOf(this);
	const found = models.filter((id) => id.toLowerCase().includes(wanted));
	const others = found.filter((id) => id !== usual).sort((a, b) => a.localeCompare(b));
	const results = others.map((id) => ({ name: id, value: id }));
	if (usual === undefined || !found.includes(usual)) return { results };
	return { results: [{ name: `${usual} (default)`, value: usual }, ...results] };
}

async function loadModels(context: ILoadOptionsFunctions): Promise<string[]> {
	const client = await OctopusXClient.connect(context);
	const asking = async (ending: AbortSignal) => await client.getVideoModels(ending);
	const models = await withinOrEnded(ANSWER_LIMIT_MS, asking);
	if (!models) throw new OctopusXError('OctopusX did not answer', 'Try again later.');
	if (models.length > 0) return models;
	throw new OctopusXError(
		'The API key may use no model that makes videos',
		'Allow it some in the OctopusX console, or enter a model by its ID.',
	);
}

function usualModelOf(context: ILoadOptionsFunctions): string | undefined {
	const name = context.getCurrentNodeParameter('operation');
	return Object.values(operations).find(({ option }) => option.value === name)?.usualModel;
}

/**
 * The drop-down shows the description of this kind of error only. It shows the HTTP status too, where it is
 * given, and for these two a link to the credential.
 */
function toNodeError(context: ILoadOptionsFunctions, error: OctopusXError): NodeApiError {
	const { message, description, details } = error;
	const { statusCode } = details;
	const isAboutKey = statusCode === 401 || statusCode === 403;
	const words = { message, description, ...(isAboutKey && { httpCode: String(statusCode) }) };
	return new NodeApiError(context.getNode(), { message }, words);
}
