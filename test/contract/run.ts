import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCLI } from 'jest';
import { normalizeBaseUrl } from '../../nodes/OctopusXVideo/api/baseUrl';
import { ask } from '../ask';
import { ENDINGS as ENDINGS_OF_TASKS, MODES, REFUSED } from './requests';
import { summarize } from './summary';
import { AGREED, ENDINGS } from './target';

const ROOT = join(__dirname, '..', '..');

const HELP = `What a gateway must do for the node to be right, tried out.

  npm run test:contract -- [options]

  --yes       pays without asking
  --endings   the model service behind the gateway is our sandbox: prompts decide how tasks end

OCTOPUSX_API_KEY and OCTOPUSX_BASE_URL choose the API; without a key, it is the sandbox.`;

/** Where the suite is to run, as soon as whoever pays for it agrees; nowhere otherwise. */
async function chooseTarget(isAgreed: boolean, hasEndings: boolean): Promise<string | undefined> {
	const { OCTOPUSX_API_KEY: apiKey, OCTOPUSX_BASE_URL: baseUrl = 'https://octopusx.ai' } =
		process.env;
	if (!apiKey) return 'the sandbox';
	if (!normalizeBaseUrl(baseUrl)) throw new Error(`OCTOPUSX_BASE_URL is no address: ${baseUrl}`);
	console.log(`OCTOPUSX_API_KEY is set: ${MODES.length} videos of 4 seconds are about to be paid for
at ${baseUrl}, and one more for each of ${REFUSED.length} requests that it takes although it should refuse them.`);
	if (hasEndings) console.log(`${ENDINGS_OF_TASKS.length} more are to be refunded.`);
	if (!isAgreed && !(await ask('Go on? (y/N) '))) return undefined;
	process.env[AGREED] = 'yes';
	if (hasEndings) process.env[ENDINGS] = 'yes';
	return baseUrl;
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			yes: { type: 'boolean', default: false },
			endings: { type: 'boolean', default: false },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) {
		console.log(HELP);
		return;
	}
	const where = await chooseTarget(values.yes, values.endings);
	if (!where) {
		console.log('Nothing was sent.');
		return;
	}
	const options = { _: ['test/contract'], $0: '', runInBand: true, verbose: true };
	const { results } = await runCLI(options, [ROOT]);
	const outcomes = results.testResults.flatMap(({ testResults }) => testResults);
	const { text, isRight } = summarize(outcomes, where);
	console.log(`\n${text}`);
	process.exitCode = isRight ? 0 : 1;
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exitCode = 1;
});
