import { parseArgs } from 'node:util';
import { runCLI } from 'jest';
import { ask } from '../ask';
import { ROOT } from '../package/tarball';
import { realApi } from '../realApi';
import { ENDINGS as ENDINGS_OF_TASKS, MODES, REFUSED } from './requests';
import { summarize } from './summary';
import { AGREED, ENDINGS } from './target';

const HELP = `Tests whether the node can work with an API.

  npm run test:contract -- [options]

  --yes       do not ask before paying
  --endings   the model service behind the gateway is our sandbox: also test how tasks end without a video

OCTOPUSX_API_KEY and OCTOPUSX_BASE_URL select the API. Without a key, the sandbox is tested.`;

/** Returns the Base URL to test, or `undefined` if the user does not agree to pay for the tests. */
async function chooseTarget(hasAgreed: boolean, hasEndings: boolean): Promise<string | undefined> {
	const api = realApi();
	if (!api) return 'the sandbox';
	const { baseUrl } = api;
	console.log(`OCTOPUSX_API_KEY is set. This test creates ${MODES.length} videos of 4 seconds at ${baseUrl}, which cost money.
It also sends ${REFUSED.length} requests that should be refused; each one that is accepted costs another video.`);
	if (hasEndings)
		console.log(`${ENDINGS_OF_TASKS.length} more videos should fail and be refunded.`);
	if (!hasAgreed && !(await ask('Continue? (y/N) '))) return undefined;
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
	const { text, isCompatible } = summarize(outcomes, where);
	console.log(`\n${text}`);
	process.exitCode = isCompatible ? 0 : 1;
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exitCode = 1;
});
