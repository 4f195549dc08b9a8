import { parseArgs } from 'node:util';
import { startSandbox } from './sandbox';
import { VOCABULARIES, type Quirks } from './tasks';

const QUIRKS: Record<keyof Quirks, readonly string[]> = {
	statuses: Object.keys(VOCABULARIES),
	progress: ['number', 'string', 'percent', 'absent'],
	videoUrl: ['fileHost', 'proxy', 'metadata', 'data', 'verdict', 'missing', 'redirect'],
	ids: ['plain', 'colonAndSlash'],
	idFields: ['both', 'id', 'task_id'],
	records: ['none', 'exact', 'batched'],
	placeholders: ['true', 'false'],
};

const HELP = `A local stand-in for the OctopusX API, to try the node for free.

  npm run sandbox -- [options]

  --port 8787             the port of the API; 0 picks a free one
  --duration 10           seconds that a task takes
  --api-key sandbox-key   the only key that is accepted
  --quirk name=value      how answers vary; can be given several times:
${Object.entries(QUIRKS)
	.map(([name, values]) => `                            ${name}=${values.join('|')}`)
	.join('\n')}

A prompt that contains [failed], [cancelled], [expired], [unrecognized], [statusless] or [never] makes
its task end that way.`;

function parseQuirks(pairs: string[]): Partial<Quirks> {
	return Object.fromEntries(
		pairs.map((pair) => {
			const [name = '', value = ''] = pair.split('=');
			const values = Object.hasOwn(QUIRKS, name) ? QUIRKS[name as keyof Quirks] : undefined;
			if (!values) throw new Error(`Unknown quirk "${name}".`);
			if (!values.includes(value)) throw new Error(`${name} must be one of ${values.join(', ')}.`);
			return [name, name === 'placeholders' ? value === 'true' : value];
		}),
	);
}

function parseNumber(name: string, text: string): number {
	if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
	throw new Error(`--${name} must be a number, not "${text}".`);
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			port: { type: 'string', default: '8787' },
			duration: { type: 'string', default: '10' },
			'api-key': { type: 'string', default: 'sandbox-key' },
			quirk: { type: 'string', multiple: true, default: [] },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) {
		console.log(HELP);
		return;
	}
	const sandbox = await startSandbox({
		port: parseNumber('port', values.port),
		durationMs: parseNumber('duration', values.duration) * 1_000,
		apiKey: values['api-key'],
		quirks: parseQuirks(values.quirk),
	});
	console.log(`OctopusX sandbox
  Base URL  ${sandbox.url}
  API Key   ${sandbox.apiKey}
  Files on  ${sandbox.fileHost}
Press Ctrl-C to stop.`);
	process.once('SIGINT', () => void sandbox.close());
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exitCode = 1;
});
