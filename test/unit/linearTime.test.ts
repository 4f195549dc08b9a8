import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';
import * as ts from 'typescript';
import { parseUploadTarget } from '../../nodes/OctopusXVideo/api/answers';
import {
	cleanKey,
	cleanValue,
	createHideKey,
	hideInJson,
	needsKey,
	normalizeBaseUrl,
	redirectTarget,
} from '../../nodes/OctopusXVideo/api/credential';
import { quote, quoteWhole, shorten } from '../../nodes/OctopusXVideo/api/envelope';
import { isTaskId, parseTask } from '../../nodes/OctopusXVideo/api/task';
import {
	addressesIn,
	addressesOf,
	checkUrl,
	IMAGE,
	uploadName,
} from '../../nodes/OctopusXVideo/fields/mediaChecks';
import { ItemParameters } from '../../nodes/OctopusXVideo/fields/parameters';
import { normalizeBase64 } from '../../nodes/OctopusXVideo/files/fileType';
import { taskIdOf } from '../../nodes/OctopusXVideo/operations/getStatus.operation';
import { isTestId } from '../../nodes/OctopusXVideo/testMode/testClient';

const MB = 1_000_000;
const MAX_MS = 50;
/** For functions, which also build a result. They take up to 200 ms; quadratic time would be minutes. */
const MAX_FUNCTION_MS = 1_000;
/** For functions on JSON with many values, which take up to 500 ms, many times that on a busy machine. */
const MAX_JSON_MS = 5_000;

/** An input: a start, a part that is repeated up to the length, and an end that keeps it from matching. */
type Worst = [start: string, repeated: string, end: string];

interface Row {
	worst?: Worst[];
	/** The most characters that the code ever passes to it. Default 1 MB. */
	maxLength?: number;
}

/** `MAX_ID_LENGTH` of task.ts. */
const TASK_ID = { maxLength: 1_000 };
/** `START_BYTES` of fileType.ts, which may become twice as long in lower case. */
const SIGNATURE = { maxLength: 8_192 };

/** Every regular expression of nodes/ and credentials/, as it is written there. */
const TABLE: Record<string, Row> = {
	'/status|banned/i': {},
	'/^(gpt|chatgpt|o\\d|claude|gemini|gemma|deepseek|llama|mistral|kimi|moonshot|glm|dall-e|flux|midjourney|imagen|whisper|tts|text|bge|rerank)\\b|seedream|embedding|nano-banana/i':
		{
			worst: [
				['', 'seedrea', ''],
				['', 'nano-banan', ''],
			],
		},
	'/"object"\\s{0,9}:\\s{0,9}"video"/': { worst: [['', '"object":', '']] },
	'/"task_id"\\s{0,9}:\\s{0,9}("(?:[^"\\\\]|\\\\.){1,1000}")/': {
		worst: [
			['"task_id":"', 'a', ''],
			['"task_id":"', '\\a', ''],
			['', '"task_id":"', ''],
		],
	},
	'/"id"\\s{0,9}:\\s{0,9}("(?:[^"\\\\]|\\\\.){1,1000}")/': {
		worst: [
			['"id":"', 'a', ''],
			['"id":"', '\\a', ''],
			['', '"id":"', ''],
		],
	},
	'/FAILURE/': { worst: [['', 'FAILUR', '']] },
	'/^\\s*[{[<]/': { worst: [['', ' ', 'x']] },
	'/banned|封禁/': { worst: [['', 'banne', '']] },
	'/insufficient_|_quota_failed/': { worst: [['', 'insufficient', '']] },
	'/overload|rate.?limit|too many requests|tim(e|ed).?out|busy|capacity|unavailable|超时|繁忙|限流|频率|饱和/i':
		{
			worst: [
				['', 'rate', ''],
				['', 'timed', ''],
				['', 'too many request', ''],
			],
			// of an error code and a reason, both shortened to 500 characters
			maxLength: 2_000,
		},
	'/繁忙|限流|频率|请求过多/': { worst: [['', '请求过', '']] },
	'/超时/': { worst: [['', '超', '']] },
	'/token/i': {},
	'/^\\w+\\/[\\w.+-]+$/': { worst: [['a/', 'a.', '!']] },
	'/^https?:\\/\\//i': {},
	'/no access to model/': { worst: [['', 'no access to mode', '']] },
	'/body (exceeds|too large)/': { worst: [['', 'body too larg', '']] },
	// an API key, which only the owner of the credential sets
	'/[^\\x21-\\x7e]/g': { maxLength: 100_000 },
	'/\\/{0,9}(\\/v1)?\\/{0,9}$/': {
		worst: [
			['', '/', 'x'],
			['', '/v1', 'x'],
			['', '//v1//', 'x'],
			['https://x', '////////////v1////////////', 'x'],
		],
	},
	'/^[^:/]+\\./': {
		worst: [
			['', 'a', ''],
			['', '.', ':'],
		],
	},
	'/^https?:\\/\\/[^?#]+$/i': { worst: [['https://', 'a', '#']] },
	// one character of the key
	'/\\W/': { maxLength: 1 },
	// the key, see createHideKey below
	"new RegExp(start + rest.join(''), 'gi')": {},
	'/负载已饱和/': { worst: [['', '负载已饱', '']] },
	'/额度不足|额度失败/': { worst: [['', '额度', '']] },
	'/不在令牌允许/': { worst: [['', '不在令牌允', '']] },
	// 5 times the longest quote
	'/[\\s\\p{Cc}\\p{Bidi_Control}]+/gu': { maxLength: 20_000, worst: [['', '\u0000 \t', 'x']] },
	'/Bearer \\S+/gi': { worst: [['', 'Bearer ', '']] },
	'/data:[^\\s"\',]{0,99},[^\\s"\']*/gi': { maxLength: 20_000, worst: [['', 'data:', '']] },
	'/<(?:(style|script)\\b[^>]*>[^]*?(?=<\\/\\1|$)|(?:[!?]|\\/?[a-z])[^>]*(?:>|$))/gi': {
		worst: [
			['', '<', ''],
			['', '<style', ''],
			['', '<style>', ''],
			['<script>', '</scrip', ''],
			['<style ', '<script></style', ''],
		],
	},
	'/^\\s*</': { worst: [['', ' ', 'x']] },
	'/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/': { worst: [['', 'UNABLE_TO_', '']] },
	'/^(EPROTO|ERR_SSL_(?!.*BAD_RECORD_MAC))/': { worst: [['ERR_SSL_', 'BAD_RECORD_MA', '']] },
	'/not completed/i': { worst: [['', 'not complete', '']] },
	'/^\\s*\\d+\\s*$/': {
		worst: [
			[' ', '1', 'x'],
			['1', ' ', 'x'],
			['', ' ', 'x'],
		],
	},
	'/\\S/': { worst: [['', ' ', '']] },
	'/^\\.{1,2}$|[\\p{Surrogate}\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}<>]/u': TASK_ID,
	'/^(video|task)_/': {},
	'/^(https?:\\/\\/|\\/)/i': {},
	'/^\\/(?!\\/)/': {},
	'/\\/$/': { worst: [['', '/', 'x']] },
	'/^SsrfBlocked/': {},
	'/^image\\/[\\w.+-]+$/i': { worst: [['image/', 'a.', '!']] },
	'/^video\\/mp4$/i': {},
	'/^(image\\/[\\w.+-]+|video\\/mp4)$/i': { worst: [['image/', 'a.', '!']] },
	'/^(https?:\\/\\/|data:\\w+\\/)/i': { worst: [['data:', 'a', '!']] },
	'/^https?:\\/\\/.*https?:\\/\\//i': {
		worst: [
			['https://', 'https:/', ''],
			['https://', 'h', ''],
		],
	},
	'/\\s+/': { worst: [['', ' ', 'x']] },
	'/^data:/i': {},
	'/\\s/': {},
	'/[/+]/': {},
	'/[/\\\\:*?"<>|]/g': {},
	'/[\\s,]+/': { worst: [['', ', ', 'x']] },
	// the placeholders are random, so that no input can resemble them
	"new RegExp(`(${inText.join('|')})`)": {},
	'/^\\x89PNG\\r\\n/': SIGNATURE,
	'/^\\xff\\xd8\\xff/': SIGNATURE,
	'/^RIFF.{4}WEBP/s': SIGNATURE,
	'/[^\\w.-]/g': TASK_ID,
	'/\\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|ogv|3gp|wmv|flv|ts)$/i': {
		worst: [
			['', '.mp4', '!'],
			['', '.mpe', ''],
		],
	},
	// a header: Node allows 16 kB for all of them
	'/\\/(\\d+)$/': {
		maxLength: 16_384,
		worst: [
			['/', '1', 'x'],
			['', '/1', 'x'],
		],
	},
	'/^text\\/|\\b(html|xml|json)\\b/i': { maxLength: 16_384, worst: [['', ' htmlx', '']] },
	'/^test_(?<model>.+)_(?<seconds>[^_]*)s_(?<width>\\d+)x(?<height>\\d+)_\\w+$/': {
		...TASK_ID,
		worst: [
			['test_', 'a_s_1x1_', '!'],
			['test_', '_s_1x1', '!'],
			['test_a_s_1x', '1', '!'],
			['test_', '_', '!'],
		],
	},
	'/^(\\d+(?:\\.\\d+)?):(\\d+(?:\\.\\d+)?)$/': {
		worst: [
			['', '1', 'x'],
			['1.1:', '1', 'x'],
			['1.', '1', 'x'],
		],
	},
	// a part of a sample's ID
	'/[^\\w.:/-]/g': { maxLength: 100 },
	// api/credential.ts: what surrounds a pasted key, ID or address
	'/^(authorization["\'\\s:]{1,9})?(bearer([\\s:]{1,9}|$)){0,3}/i': {
		worst: [
			['authorization', ' ', 'x'],
			['authorization: ', 'bearer :::::::::', 'x'],
			['', 'bearer', 'x'],
		],
	},
	'/\\p{Cf}/gu': {
		worst: [
			['', '\u200b', ''],
			['', 'a\u00ad', ''],
			['', '\u{e0041}', ''],
		],
	},
	'/^["\'`“”„‘’‚«»<\\s]{1,9}|(?![^]{10})["\'`“”„‘’‚«»>,;\\s]{1,9}$/g': {
		worst: [
			['', '“', 'x'],
			['x', '“', ''],
			['x', '“,> ', 'x'],
			['x', '“”„‘’‚«»x', ''],
			['x', '“”„‘’‚«»', 'x'],
		],
	},
	'/^(?:[a-z]{1,9}:)?[/\\\\]{0,9}[^/?#\\\\]{1001}/i': {
		worst: [
			['https:', '/', 'x'],
			['https://', 'a', '/'],
			['', 'a:', '/'],
			[`https://${'a'.repeat(1_000)}`, '/', ''],
		],
	},
	'/\\/+/g': {
		worst: [
			['', '/', 'x'],
			['', '/a', ''],
		],
	},
	'/\\/v1\\/(videos\\/(video|task)_|video\\/generations\\/)[^/]+$/': {
		worst: [
			['', '/v1/videos/video_a', '/'],
			['/v1/videos/task_', 'a', '/'],
			['', '/v1/videos/task_', '/'],
			['', '/v1/video/generations/', ''],
			['/v1/video/generations/', '/v1/videos/video_', '/'],
		],
	},
	'/[\\x80-\\xff]/g': { worst: [['', '\xe9', '']] },
	'/^https?:$/': {},
	// fields/mediaChecks.ts and fields/parameters.ts
	'/^application\\/(pdf|zip|gzip|msword|vnd\\.)/i': {},
	'/["\'`]?[,;]["\'`]?(?=https?:\\/\\/|data:\\w+\\/)/i': {
		worst: [
			['', ',data:a', ''],
			[',data:', 'a', '!'],
			['', ';https:/', ''],
			['', '"', ''],
			['', '","', ''],
			['', '","data:aaaaaaaa', '"'],
		],
	},
	'/^data:[^,]*$/i': {
		worst: [
			['data:', 'a', ','],
			['', 'data:', ','],
		],
	},
	'/^[["]/': {},
	'/^\\[|\\]$/g': {
		worst: [
			['', '[', 'x'],
			['', ']', 'x'],
		],
	},
	'/^[,;]{1,9}/': { worst: [['', ',', 'x']] },
	'/^https?:/i': {},
	'/\\s/g': {
		worst: [
			['', ' ', 'x'],
			['', ' a', ''],
		],
	},
	// a file name, see `MAX_PATH_LENGTH`: 18 characters is the longest decomposition of one
	'/[/\\\\]/': { worst: [['', '/', '']] },
	'/\\p{M}/gu': { maxLength: 18 * 4_096, worst: [['', '\u0301', '']] },
	'/[^\\w.-]+/g': { maxLength: 18 * 4_096, worst: [['', 'ä!', 'x']] },
	'/\\.\\w{1,10}$/': {
		maxLength: 18 * 4_096,
		worst: [
			['', '.', '!'],
			['', '.aaaaaaaaaa', '!'],
			['.', 'a', '!'],
		],
	},
	// `MAX_NAME_LENGTH`; without the limit, it takes quadratic time
	'/^[.-]+|[.-]+$/g': { maxLength: 80, worst: [['x', '.-', 'x']] },
	// operations/getStatus.operation.ts
	'/[\\s,;|<>[\\](){}"\'`“”‘’„«»]+/': {
		worst: [
			['', '“', 'x'],
			['', '“a', ''],
			['', '\u0301', ''],
		],
	},
	'/^(task_id|id|task|queued|in_progress|completed|failed|cancelled|unknown)$/': {
		worst: [['', 'in_progress', '']],
	},
	'/\\/v1\\/(?:videos|video\\/generations)\\/([^/?#]+)/i': {
		worst: [
			['', '/v1/videos/', ''],
			['', '/v1/video/generations/', ''],
			['', '/v1/video/generations', ''],
			['/v1/videos/', 'a', ''],
		],
	},
	'/^(video|task|test)_.|^(?=.*\\d)(?=.*[a-z]).{6}/i': {
		worst: [
			['1', '-', ''],
			['1a', '-', '\n'],
			['', '1', 'a\n'],
			['', 'a', '1\n'],
			['', 'a\n', '1'],
		],
	},
	'/[:.]$/': { worst: [['', ':.', 'x']] },
	'/[,;\\n]/': {},
	'/^\\d+$/': { worst: [['', '1', 'x']] },
	// files/fileType.ts: the start of a file
	'/^GIF8[79]a/': SIGNATURE,
	'/^(II[*+]\\0|MM\\0[*+])/': SIGNATURE,
	'/^BM.{4}\\0{4}/s': SIGNATURE,
	'/^(\\xff\\n|\\0{3}\\fJXL )/': SIGNATURE,
	'/^.{4}ftyp(avi[fs]|m[is]f1(.{4}){1,9}avi[fs])/s': {
		...SIGNATURE,
		worst: [
			['aaaaftypmif1', 'avix', ''],
			['aaaaftypmsf1', 'avi', 'f'],
		],
	},
	'/^.{4}ftyp(he[iv][cmsx]|m[is]f1(.{4}){1,9}he[iv][cmsx])/s': {
		...SIGNATURE,
		worst: [['aaaaftypmif1', 'heia', '']],
	},
	'/^.{4}ftypm[is]f1/s': SIGNATURE,
	'/^.{4}ftypM4[ABP] /s': SIGNATURE,
	'/^.{4}ftypqt /s': SIGNATURE,
	'/^.{4}ftyp/s': SIGNATURE,
	'/^.E\\xdf\\xa3/s': SIGNATURE,
	'/^RIFF.{4}AVI /s': SIGNATURE,
	'/^ID3[^ -~]/': SIGNATURE,
	'/^\\s{0,9}%PDF-/': { ...SIGNATURE, worst: [['', ' ', '']] },
	'/^PK[^ -~]{2}/': SIGNATURE,
	'/^[^ -~]\\x8b[\\b]/': SIGNATURE,
	'/[^\\P{Cc}\\s]/u': { ...SIGNATURE, worst: [['', ' ', '']] },
	'/^[{[]/': SIGNATURE,
	'/^<[?!a-z]/': SIGNATURE,
	'/<(svg|!doctype html|html|head|body)\\b/': {
		...SIGNATURE,
		worst: [
			['', '<svgx', ''],
			['', '<!doctype htm', ''],
			['', '<', ''],
		],
	},
	// and base64
	'/^(filesystem(-v2)?|s3|database|default|undefined|null|nan|none|true|false)$/i': {
		worst: [['', 'filesystem-v2', '']],
	},
	'/[\\r\\n]/g': {
		worst: [
			['', '\r\n', 'x'],
			['', '\na', ''],
		],
	},
	'/={1,2}$/': { worst: [['', '=', 'x']] },
	'/[^\\w+/-]/': {},
	'/ \\[item \\d+\\]$/': {
		worst: [
			['', ' [item 1', ''],
			['', ' [item 1]', 'x'],
			[' [item ', '1', ''],
		],
	},
	'/^The /': { worst: [['', 'The ', '']] },
	'/-/g': { worst: [['', '-', '']] },
	'/_/g': { worst: [['', '_', '']] },
};

/** Inputs that every expression gets. */
const FRAGMENTS = [
	...[
		'a',
		'1',
		' ',
		'/',
		'\\',
		'.',
		',',
		'<',
		'_',
		'-',
		'%',
		'"',
		'\n',
		'\u0000',
		'ä',
		'负',
		'\ud800',
	],
	...[
		'<a ',
		'<style>',
		'data:',
		'https://',
		'https://x,',
		'/v1',
		'Bearer ',
		'\\u0073',
		'%73',
		'&#x73;',
	],
];
const ANY: Worst[] = FRAGMENTS.flatMap((one): Worst[] => [
	['', one, ''],
	['', one, '!'],
]);

const fill = ([start, repeated, end]: Worst, length: number) =>
	(start + repeated.repeat(Math.ceil(length / repeated.length))).slice(0, length - end.length) +
	end;

/**
 * Returns the shortest of several measurements, in ms. Counts processor time, because other processes
 * may slow this one down. Measures only once if that is far below the limit.
 */
function timeOf(work: () => unknown, limitMs: number): number {
	let best = Infinity;
	for (let n = 0; n < 20 && best > limitMs / 2; n++) {
		const start = performance.now();
		const cpuStart = process.cpuUsage();
		work();
		const { user, system } = process.cpuUsage(cpuStart);
		// in parts of the engine, such as garbage collection, several processors work at once
		best = Math.min(best, performance.now() - start, (user + system) / 1_000);
	}
	return best;
}

/** The regular expressions in the sources, by their text. */
function expressionsInSources(): string[] {
	const root = join(__dirname, '..', '..');
	const files = ['nodes', 'credentials'].flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.ts'))
			.map((name) => join(root, folder, name)),
	);
	const found: string[] = [];
	for (const file of files) {
		const text = readFileSync(file, 'utf8');
		const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
		const visit = (node: ts.Node): void => {
			const isCall = ts.isNewExpression(node) || ts.isCallExpression(node);
			const isConstructed = isCall && node.expression.getText() === 'RegExp';
			// `match` and `search` turn a text into an expression
			const method = isCall && ts.isPropertyAccessExpression(node.expression) && node.expression;
			const isFromText =
				method &&
				/^(match|matchAll|search)$/.test(method.name.text) &&
				ts.isStringLiteralLike(node.arguments?.[0] ?? node);
			if (ts.isRegularExpressionLiteral(node) || isConstructed || isFromText) {
				found.push(node.getText());
			}
			ts.forEachChild(node, visit);
		};
		visit(source);
	}
	return found;
}

test('the table has every regular expression of nodes/ and credentials/, and no other', () => {
	expect([...new Set(expressionsInSources())].sort()).toEqual(Object.keys(TABLE).sort());
});

function parse(literal: string): RegExp {
	const [, pattern = '', flags = ''] = /^\/(.*)\/(\w*)$/s.exec(literal) ?? [];
	return new RegExp(pattern, flags);
}

const literals = Object.entries(TABLE).filter(([text]) => text.startsWith('/'));

test.each(literals)(
	'the regular expression %s takes less than 50 ms for its worst input',
	(text, row) => {
		const expression = parse(text);
		for (const worst of [...(row.worst ?? []), ...ANY]) {
			const input = fill(worst, row.maxLength ?? MB);
			const ms = timeOf(() => input.replace(expression, ''), MAX_MS);
			if (ms >= MAX_MS) throw new Error(`${ms.toFixed()} ms for ${JSON.stringify(worst)}`);
		}
	},
);

describe('1 MB of the worst input', () => {
	const KEY = 'sk-AbCdEf0123456789AbCdEf0123456789AbCdEf0123456789';
	const SPELLED: Worst[] = [
		['', KEY.slice(0, -1), ''],
		['s', '\\', ''],
		['', 's\\', ''],
		['', 's\\\\\\\\\\\\\\\\\\', ''],
		['', [...KEY.slice(0, -1)].join('\\'.repeat(15)), ''],
		['', 'u005c', ''],
		['', '%5c', ''],
		['', '%2525255c', ''],
		['', '%25', ''],
		['', 'u00', ''],
	];
	const MARKUP: Worst[] = [
		['', '<', ''],
		['', '<a', ''],
		['', '<a>', ''],
		['', '<style>', ''],
		['', '<style></style>', ''],
		['', '<script></style>', ''],
		['', '<style></script', ''],
		['<script>', '</scrip', ''],
		['', '<!--', ''],
	];
	const ADDRESSES: Worst[] = [
		['https://', '/', ''],
		['https://x', '/v1', 'x'],
		['https://', 'a.', ''],
		['https://', 'xn--a.', ''],
		['https://x/', 'a/../', ''],
		['https://x/', ',https://x', ''],
		['https://x/', ' https://x/', ''],
		['data:a/', ',data:a/', ''],
		['https://x', ' ,', ''],
		['https://x', ' "', ''],
		['https://', '"', 'x'],
		['https://', '\u200b', 'x'],
		['https://', 'https://a/v1/', 'x'],
		['https://x/', '","https://x', '"'],
		['["https://x/"', ',"https://x"', ']'],
		['[', '[],', '1]'],
		['"', '\\"', '"'],
		['https://x/', '\xe9', ''],
		['https://x/', '%', ''],
		['https://x/', '%2F', ''],
		['https://x', '/v1/videos', ''],
		['https://x/v1/videos/', '/content', '/'],
		['https://x', '/v1/videos/video_', '/'],
		['data:image/png;base64,', 'A', '!'],
		['data:image/png', ';', ','],
		['data:image/png;base64,', '%0A', ''],
	];
	const QUOTED: Worst[] = [
		['x', '“', 'x'],
		['', '\u200b “', 'x'],
		['authorization', ' ', 'x'],
		['', 'bearer ', 'x'],
	];
	const NAMES: Worst[] = [
		['', '/', ''],
		['', '.', ''],
		['', '.-', 'x'],
		['', '.a', '.'],
		['a.', 'a', ''],
		['', '\u0301', ''],
		// the character with the longest decomposition
		['', '\ufdfa', ''],
		['', '\ufdfa', '.mp4'],
	];
	const IDS: Worst[] = [
		['', 'video_1 ', ''],
		['', 'a1b2c3 ', ''],
		['', 'a,', ''],
		['', '(', ''],
		['', ':', 'x'],
		['', '/v1/videos/', ''],
		['', '/v1/videos/%2F', ''],
		['', '%2Fv1%2Fvideos%2F', ''],
		['video_', '1', ''],
		...QUOTED,
	];
	const BASE64: Worst[] = [
		['', '-_', ''],
		['', 'A\r\n', '=='],
		['', '=', 'A'],
		['', 'AAAA', '!'],
	];
	/** The first item of an input with these parameters. */
	const itemWith = (parameters: Record<string, unknown>) =>
		new ItemParameters(
			{ getNodeParameter: (name: string) => parameters[name] } as unknown as IExecuteFunctions,
			0,
		);
	/** Calls a function that rejects most inputs. */
	const orError = (work: () => unknown) => {
		try {
			return work();
		} catch (error) {
			return error;
		}
	};

	test.each<[string, Worst[], (text: string) => unknown]>([
		['hiding the key', SPELLED, createHideKey(KEY)],
		['hiding a key of backslashes', SPELLED, createHideKey('\\'.repeat(8) + '5c'.repeat(8))],
		['hiding a key that begins with an escape', SPELLED, createHideKey('u005c%5cu005c%5c')],
		['shorten, for a quote', MARKUP, (text) => shorten(text)],
		['the quote of a page', MARKUP, (body) => quoteWhole({ statusCode: 502, headers: {}, body })],
		[
			'the quote of a message',
			MARKUP,
			(message) => quote({ statusCode: 400, headers: {}, body: { code: 'x', message } }),
		],
		['the Base URL', ADDRESSES, normalizeBaseUrl],
		['a list of addresses', ADDRESSES, addressesIn],
		['a list of addresses in JSON', ADDRESSES, addressesOf],
		[
			'the address of an image',
			ADDRESSES,
			(text) => orError(() => checkUrl(itemWith({}), 'Image URL', text, IMAGE)),
		],
		['an address that opens with the key only', ADDRESSES, (url) => orError(() => needsKey(url))],
		[
			'an address in an extra field',
			ADDRESSES,
			(url) => orError(() => itemWith({}).refuseKeyAddress('Extra', url)),
		],
		['the target of a redirect', ADDRESSES, (url) => redirectTarget(url, 'https://x.y')],
		['a pasted value', QUOTED, cleanValue],
		['a pasted key', QUOTED, cleanKey],
		['the name of a file', NAMES, (name) => uploadName(name, 'video')],
		['base64', BASE64, normalizeBase64],
		['a task ID', [], isTaskId],
		['the field Task ID', IDS, (taskId) => taskIdOf(itemWith({ operation: 'getStatus', taskId }))],
		[
			'the ID of a sample',
			[['test_', '_', '']],
			(id) => isTestId(id, { getInstanceId: () => 'x' }),
		],
		[
			'the address of a video',
			ADDRESSES,
			(video_url) => parseTask({ id: 'x', status: 'completed', video_url }, 'https://octopusx.ai'),
		],
		[
			'the reason of a failure',
			MARKUP,
			(message) =>
				parseTask(
					{ id: message, status: 'failed', error: { message, code: message } },
					'https://x.y',
				),
		],
		[
			'the address for an upload',
			ADDRESSES,
			(url) => parseUploadTarget({ data: { upload_url: url, public_url: url } }, 'video/mp4'),
		],
	])('%s takes less than a second', (_what, worst, work) => {
		for (const one of [...worst, ...ANY]) {
			const input = fill(one, MB);
			const ms = timeOf(() => work(input), MAX_FUNCTION_MS);
			if (ms >= MAX_FUNCTION_MS) throw new Error(`${ms.toFixed()} ms for ${JSON.stringify(one)}`);
		}
	});

	// each letter of a name in another script costs Node more than the one before
	const chinese = String.fromCharCode(...Array.from({ length: 20_000 }, (_, n) => 0x4e00 + n));
	const CHINESE: Worst = ['https://', chinese, ''];

	test.each<[string, (address: string) => unknown]>([
		['the Base URL', normalizeBaseUrl],
		[
			'the address of a video',
			(video_url) => parseTask({ id: 'x', status: 'completed', video_url }, 'https://octopusx.ai'),
		],
		[
			'the address for an upload',
			(url) => parseUploadTarget({ data: { upload_url: url, public_url: url } }, 'video/mp4'),
		],
		['the target of a redirect', (url) => redirectTarget(url, 'https://x.y')],
		[
			'the address of an image',
			(text) => orError(() => checkUrl(itemWith({}), 'Image URL', text, IMAGE)),
		],
		[
			'an address in an extra field',
			(url) => orError(() => itemWith({}).refuseKeyAddress('Extra', url)),
		],
	])('%s with a Chinese name of 1,000,000 letters takes less than a second', (_what, work) => {
		const long = fill(CHINESE, MB);
		// the longest address that is read
		const short = fill(CHINESE, 4_096);
		expect(timeOf(() => work(long), MAX_FUNCTION_MS)).toBeLessThan(MAX_FUNCTION_MS);
		expect(timeOf(() => work(short), MAX_FUNCTION_MS)).toBeLessThan(MAX_FUNCTION_MS);
	});

	test.each([
		['500,000 lists in each other', () => `${'['.repeat(MB / 2)}${']'.repeat(MB / 2)}`],
		['160,000 objects in each other', () => `${'{"a":'.repeat(MB / 6)}1${'}'.repeat(MB / 6)}`],
		['500,000 numbers', () => `[1${',1'.repeat(MB / 2)}]`],
		['250,000 texts', () => `["a"${',"a"'.repeat(MB / 4)}]`],
	])('hiding the key in JSON with %s takes less than 5 seconds', (_what, text) => {
		const json: unknown = JSON.parse(text());
		const hide = createHideKey(KEY);
		expect(timeOf(() => void hideInJson(json, hide), MAX_JSON_MS)).toBeLessThan(MAX_JSON_MS);
	});

	test.each([
		['500,000 lists in each other', () => `${'['.repeat(MB / 2)}${']'.repeat(MB / 2)}`],
		[
			'250,000 numbers in 5,000 lists in each other',
			() => `${'['.repeat(5_000)}1${',1'.repeat(MB / 4)}${']'.repeat(5_000)}`,
		],
		['300,000 lists', () => `[[]${',[]'.repeat(MB / 3)}]`],
		['250,000 texts', () => `["a"${',"a"'.repeat(MB / 4)}]`],
	])('reading a list of addresses with %s takes less than 5 seconds', (_what, text) => {
		const typed = text();
		const json: unknown = JSON.parse(typed);
		expect(timeOf(() => void addressesOf(typed), MAX_JSON_MS)).toBeLessThan(MAX_JSON_MS);
		expect(timeOf(() => void addressesOf(json), MAX_JSON_MS)).toBeLessThan(MAX_JSON_MS);
	});
});
