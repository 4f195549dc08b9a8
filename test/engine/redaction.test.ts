import { LoadOptionsContext } from 'n8n-core';
import {
	Workflow,
	type INode,
	type INodeParameters,
	type INodeTypes,
	type IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import type { Route } from '../sandbox/faults';
import type { Sandbox } from '../sandbox/sandbox';
import { CredentialsHelper } from './support/credentialsHelper';
import { CONTINUE, GENERATE } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';
import { loggingNode } from './support/nodeWithContext';

const KEYS = ['sk-AbCdEf0123456789xyz', 'sk-A"bC\\dE/f0123456789'];

const hex = (character: string, digits: number) =>
	character.charCodeAt(0).toString(16).padStart(digits, '0');
const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
const percent = (key: string) => [...key].map((one) => `%${hex(one, 2)}`).join('');
const escaped = (key: string) => [...key].map((one) => `\\u${hex(one, 4)}`).join('');

type Spelling = (key: string) => string;

/** What stands between the quotes of a JSON text in place of the key. */
const SPELLINGS: Array<[string, Spelling]> = [
	['as it is', inJson],
	['in capitals', (key) => inJson(key.toUpperCase())],
	['percent-encoded', percent],
	['percent-encoded twice', (key) => percent(key).replaceAll('%', '%25')],
	['in JSON escapes', escaped],
	['in JSON inside of JSON', (key) => inJson(JSON.stringify({ message: key }))],
	['in JSON three levels deep', (key) => inJson(JSON.stringify([JSON.stringify([key])]))],
	['in escapes inside of JSON', (key) => inJson(`{"message":"${escaped(key)}"}`)],
	['in escaped escapes', (key) => escaped(`{"message":"${escaped(key)}"}`)],
];

/**
 * Spellings that one response contains together. The longest is alone, because the node drops IDs of
 * more than 1,000 characters and cuts off long messages.
 */
const GROUPS = [SPELLINGS.slice(0, -1), SPELLINGS.slice(-1)];

/** A backslash of an escape, escaped. */
const ESCAPED_TWICE = escaped('\\u00');

/** Stands for the key in the responses below. */
const KEY = '@KEY@';

interface Echo {
	on: Route;
	status: number;
	/** A string is a page. */
	body?: unknown;
	headers?: Record<string, string>;
}

const EDIT_WITH_UPLOAD: INodeParameters = {
	operation: 'edit',
	prompt: 'as a watercolor',
	videoSource: 'binary',
	options: { sendBinaryAs: 'upload', timeout: 0.2 },
};
const DOWNLOAD = { downloadVideo: true };
const EVERYWHERE = {
	[KEY]: KEY,
	[`of ${KEY}`]: { [KEY]: [KEY, { [KEY]: KEY }] },
	message: KEY,
	model: KEY,
	seconds: KEY,
	metadata: { url: `https://${KEY}.example/${KEY}` },
};
const PAGE = `<!DOCTYPE html><html><title>${KEY}</title><p class="${KEY}">Bad ${KEY} gateway</p></html>`;
const REASON = JSON.stringify({
	error: { code: KEY, message: `your key ${KEY} is bad`, [KEY]: 1 },
});

/** Everything that a server may echo. */
const ECHOES: Array<[string, Echo[], INodeParameters?]> = [
	...[200, 202, 400, 401, 403, 404, 429, 500, 502, 503].flatMap((status): typeof ECHOES => [
		[`HTTP ${status} to a submission with a page`, [{ on: 'submit', status, body: PAGE }]],
		[`HTTP ${status} to a submission with fields`, [{ on: 'submit', status, body: EVERYWHERE }]],
		[
			`HTTP ${status} to a submission with an error`,
			[{ on: 'submit', status, body: { error: { message: `bad ${KEY}`, code: KEY, type: KEY } } }],
		],
		[
			`HTTP ${status} to a submission with the reason of the model service`,
			[{ on: 'submit', status, body: { code: 'fail_to_fetch_task', message: REASON } }],
		],
		[
			`HTTP ${status} to a submission with data.task_id`,
			[{ on: 'submit', status, body: { code: 'success', data: { task_id: `video_${KEY}` } } }],
		],
		[
			`HTTP ${status} to a submission with task_id`,
			[{ on: 'submit', status, body: { task_id: `video_${KEY}`, error: { message: KEY } } }],
		],
		[
			`HTTP ${status} to a submission with task.id`,
			[{ on: 'submit', status, body: { task: { id: `video_${KEY}` } } }],
		],
		[`HTTP ${status} to a check with a page`, [{ on: 'check', status, body: PAGE }]],
		[
			`HTTP ${status} to a check with an error`,
			[{ on: 'check', status, body: { ...EVERYWHERE, code: KEY, message: `bad ${KEY}` } }],
		],
	]),
	[
		'HTTP 200 to a submission with a status',
		[{ on: 'submit', status: 200, body: { ...EVERYWHERE, id: `video_${KEY}`, status: 'queued' } }],
	],
	[
		'HTTP 200 to a check with the address of a video',
		[
			{
				on: 'check',
				status: 200,
				body: { ...EVERYWHERE, status: 'completed', video_url: `https://${KEY}.example/${KEY}` },
			},
		],
	],
	[
		'HTTP 200 to a check with a path of a video',
		[{ on: 'check', status: 200, body: { status: 'completed', video_url: `/${KEY}/content` } }],
	],
	[
		'HTTP 200 to a check with a failure',
		[
			{
				on: 'check',
				status: 200,
				body: { ...EVERYWHERE, status: 'failed', error: { code: KEY, message: `bad ${KEY}` } },
			},
		],
	],
	[
		'HTTP 200 to a check with a status of that name',
		[{ on: 'check', status: 200, body: { ...EVERYWHERE, status: KEY, progress: KEY } }],
	],
	[
		'HTTP 200 to a verdict',
		[
			{ on: 'check', status: 200, body: { status: 'odd' } },
			{
				on: 'verdict',
				status: 200,
				body: { data: { status: 'FAILURE', fail_reason: KEY, result_url: KEY, data: EVERYWHERE } },
			},
		],
	],
	[
		'HTTP 400 to a verdict',
		[
			{ on: 'check', status: 200, body: { status: 'odd' } },
			{ on: 'verdict', status: 400, body: EVERYWHERE },
		],
	],
	...[200, 401, 403, 500].map((status): (typeof ECHOES)[number] => [
		`HTTP ${status} to the question about a rejected key`,
		[
			{ on: 'submit', status: 401, body: { error: { message: `bad ${KEY}`, code: '' } } },
			{ on: 'usage', status, body: { message: `token ${KEY} status`, data: EVERYWHERE } },
		],
	]),
	...[200, 400, 404, 502].map((status): (typeof ECHOES)[number] => [
		`HTTP ${status} of the content endpoint`,
		[
			{ on: 'check', status: 200, body: { status: 'completed' } },
			{ on: 'content', status, body: { error: { message: `no ${KEY}`, code: KEY } } },
		],
		DOWNLOAD,
	]),
	...[200, 403, 500].map((status): (typeof ECHOES)[number] => [
		`HTTP ${status} of the file host`,
		[
			{ on: 'file', status, body: PAGE },
			{ on: 'content', status: 404, body: PAGE },
		],
		DOWNLOAD,
	]),
	...[200, 400, 403, 500].flatMap((status): typeof ECHOES => [
		[
			`HTTP ${status} to a presign request`,
			[{ on: 'presign', status, body: { ...EVERYWHERE, success: false, message: `no ${KEY}` } }],
			EDIT_WITH_UPLOAD,
		],
		[
			`HTTP ${status} to an upload`,
			[{ on: 'upload', status: status === 200 ? 404 : status, body: PAGE }],
			EDIT_WITH_UPLOAD,
		],
	]),
	[
		'an address for the upload that cannot be reached',
		[
			{
				on: 'presign',
				status: 200,
				body: {
					data: {
						upload_url: `http://127.0.0.1:9/${KEY}`,
						public_url: `https://${KEY}.example/${KEY}`,
						content_type: `video/${KEY}`,
					},
				},
			},
		],
		EDIT_WITH_UPLOAD,
	],
	[
		'a name of the upload host that cannot be found',
		[
			{
				on: 'presign',
				status: 200,
				body: {
					data: { upload_url: `http://${KEY}.invalid/`, public_url: `http://${KEY}.invalid/` },
				},
			},
		],
		EDIT_WITH_UPLOAD,
	],
];

/** The key in a header, where it cannot be escaped. */
const HEADERS = ['x-oneapi-request-id', 'retry-after', 'content-type', 'server', 'set-cookie'];

/** Everything that a run leaves behind: items, errors, hints, log, messages in the editor, saved data. */
async function tracesOf(sandbox: Sandbox, parameters: INodeParameters, isContinued: boolean) {
	const log: string[] = [];
	const messages: string[] = [];
	const binary = { data: { data: 'AAAA', mimeType: 'video/mp4', fileName: 'in.mp4' } };
	const result = await runNodeVirtually(
		sandbox,
		{ ...GENERATE, options: { timeout: 0.2 }, simplify: false, ...parameters },
		{
			node: loggingNode(log),
			onMessage: (text) => void messages.push(text),
			input: [{ json: {}, binary }],
			settings: isContinued ? CONTINUE : {},
		},
	);
	return [...log, ...messages, JSON.stringify(result), textsIn(result)];
}

/** All texts and names in a value, also those that JSON leaves out, such as the stack of an error. */
function textsIn(root: unknown): string {
	const texts: string[] = [];
	const seen = new Set<unknown>();
	const open = [root];
	while (open.length > 0) {
		const value = open.pop();
		if (typeof value === 'string') texts.push(value);
		if (typeof value !== 'object' || value === null || seen.has(value)) continue;
		seen.add(value);
		for (const name of Object.getOwnPropertyNames(value)) {
			texts.push(name);
			open.push((value as Record<string, unknown>)[name]);
		}
	}
	return texts.join('\n');
}

/** Every spelling of a text that decoding it again and again leads to, without backslashes. */
function spellingsOf(text: string): string[] {
	const found = [text];
	for (let level = 0; level < 5; level++) {
		const last = found.at(-1) as string;
		found.push(
			last
				.replace(/\\*(?:u00|%(?:25)*)([0-7][0-9a-f])/gi, (_, code: string) =>
					String.fromCharCode(parseInt(code, 16)),
				)
				.replaceAll('\\\\', '\\'),
		);
	}
	return found.map((one) => one.replaceAll('\\', '').toLowerCase());
}

const isIn = (text: string, key: string) =>
	spellingsOf(text).some((one) => one.includes(key.replaceAll('\\', '').toLowerCase()));

test.each(SPELLINGS)('this test finds a key that is written %s', (_spelling, spell) => {
	for (const key of KEYS) expect(isIn(JSON.stringify(`a ${spell(key)} b`), key)).toBe(true);
	expect(isIn(spell('sk-something-else'), KEYS[0] as string)).toBe(false);
});

describe.each(KEYS)('the API key %s', (apiKey) => {
	const sandbox = useSandbox({ apiKey });

	function echo({ on, status, body, headers }: Echo, spell: Spelling = () => ''): void {
		const isPage = typeof body === 'string';
		const spelled = spell(apiKey);
		// a page is not parsed, so that an escape of an escape in it never becomes the key
		const inPage = spelled.includes(ESCAPED_TWICE) ? apiKey : spelled;
		const text = isPage
			? body.replaceAll(KEY, () => inPage)
			: JSON.stringify(body ?? null).replaceAll(KEY, () => spelled);
		const type = isPage ? 'text/html' : 'application/json';
		const answer = {
			status,
			headers: { 'content-type': type, ...headers },
			body: Buffer.from(text),
		};
		sandbox.faults.add({ on, times: Infinity, answer });
	}

	/** Returns the start of a trace that shows the key, or `undefined` if none does. */
	async function leakAfter(parameters: INodeParameters): Promise<string | undefined> {
		for (const isContinued of [false, true]) {
			const traces = await tracesOf(sandbox, parameters, isContinued);
			const leak = traces.find((trace) => isIn(trace, apiKey));
			if (leak !== undefined) return leak.slice(0, 3_000);
		}
		return undefined;
	}

	async function expectHidden(parameters: INodeParameters = {}): Promise<void> {
		const leak = await leakAfter(parameters);
		if (leak !== undefined) throw new Error(`The key is in: ${leak}`);
	}

	test.each(ECHOES)('is hidden after %s', async (_answer, echoes, parameters = {}) => {
		const echoAll = (spelling: Spelling) => {
			sandbox.reset();
			for (const one of echoes) echo(one, spelling);
		};
		// in an address, a spelling that makes it invalid would hide the others
		const isInAddress = JSON.stringify(echoes).includes(`//${KEY}`);
		const groups = isInAddress ? SPELLINGS.map((one) => [one]) : GROUPS;
		for (const group of groups) {
			echoAll((key) => group.map(([, spell]) => spell(key)).join(' '));
			if ((await leakAfter(parameters)) === undefined) continue;
			for (const [spelling, spell] of group) {
				echoAll(spell);
				const leak = await leakAfter(parameters);
				if (leak !== undefined) throw new Error(`The key ${spelling} is in: ${leak}`);
			}
			throw new Error('The key is shown if the answer has several spellings of it');
		}
	});

	describe.each(SPELLINGS)('%s', (_spelling, spell) => {
		test.each([200, 401, 500])('is hidden in the list of models after HTTP %p', async (status) => {
			const data = [{ id: KEY }, { id: `omni-${KEY}`, [KEY]: KEY }, KEY];
			echo({ on: 'models', status, body: { data, error: { message: KEY, code: KEY } } }, spell);
			const listed = await modelList(sandbox).catch((error: Error) => error);
			expect(isIn(JSON.stringify(listed) + textsIn(listed), apiKey)).toBe(false);
		});
	});

	describe.each(HEADERS)('in the header %s', (header) => {
		test.each<[Route, number]>([
			['submit', 200],
			['submit', 400],
			['submit', 502],
			['check', 400],
			['check', 502],
			['content', 404],
			['file', 404],
		])('is hidden after an answer to "%s" with HTTP %p', async (on, status) => {
			for (const value of [apiKey, apiKey.toUpperCase(), percent(apiKey)]) {
				sandbox.reset();
				echo({ on, status, body: {}, headers: { [header]: value } });
				await expectHidden(DOWNLOAD);
			}
		});
	});

	test.each<[Route, number]>([
		['submit', 302],
		['check', 307],
		['content', 302],
		['file', 302],
		['file', 301],
		['upload', 307],
		['usage', 302],
	])('is hidden after a redirect of "%s" with HTTP %p', async (on, status) => {
		const hosts = [
			`http://${percent(apiKey)}.invalid/`,
			`http://127.0.0.1:9/${apiKey}`,
			`${apiKey}:x`,
		];
		for (const location of hosts) {
			sandbox.reset();
			if (on === 'usage') echo({ on: 'submit', status: 401, body: {} });
			if (on === 'content') echo({ on: 'check', status: 200, body: { status: 'completed' } });
			echo({ on, status, headers: { location } });
			await expectHidden(on === 'upload' ? EDIT_WITH_UPLOAD : DOWNLOAD);
		}
	});

	test.each([
		['tabs, which a URL parser drops', (key: string) => [...key].join('\t')],
		['line breaks, which a URL parser drops', (key: string) => [...key].join('\n')],
		['wide letters', (key: string) => key.replace(/[a-z]/g, (one) => wide(one))],
		['soft hyphens', (key: string) => [...key].join('\u00ad')],
	])('is hidden in the address of a video with %s', async (_what, spell) => {
		const spelled = spell(apiKey);
		for (const video_url of [`https://x.example/${spelled}`, `https://${spelled}.example/`]) {
			sandbox.reset();
			echo({ on: 'check', status: 200, body: { status: 'completed', video_url } });
			const { items } = await runNodeVirtually(sandbox, GENERATE);
			expect(items[0]?.json.status).toBe('completed');
			expect(isIn(String(items[0]?.json.video_url), apiKey)).toBe(false);
		}
	});
});

const wide = (letter: string) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0);

/** What the editor lists for the field Model. */
async function modelList({ apiKey, url: baseUrl }: Sandbox): Promise<unknown> {
	const type = new OctopusXVideo();
	const node: INode = {
		id: 'video',
		name: 'Video',
		type: 'octopusXVideo',
		typeVersion: 1,
		position: [0, 0],
		parameters: { operation: 'generate' },
		credentials: { octopusXApi: { id: '1', name: 'OctopusX' } },
	};
	const nodeTypes = { getByNameAndVersion: () => type } as unknown as INodeTypes;
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const additionalData = {
		credentialsHelper: new CredentialsHelper({ apiKey, baseUrl }),
		currentNodeParameters: node.parameters,
	} as unknown as IWorkflowExecuteAdditionalData;
	const context = new LoadOptionsContext(workflow, node, additionalData, '');
	return await type.methods.listSearch.searchModels.call(context);
}
