import type { NodeExecutionHint } from 'n8n-workflow';
import { CONTINUE, GENERATE_EACH } from './support/inputs';
import { NODE, runNodeVirtually, type NodeSetup } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const forbidden = { status: 403, body: { error: { message: 'no', code: '' } } };

const sandbox = useSandbox({ durationMs: 20_000 });

async function hintsOf(prompts: string[], setup: NodeSetup): Promise<NodeExecutionHint[]> {
	const input = prompts.map((prompt) => ({ json: { prompt } }));
	const parameters = { ...GENERATE_EACH, options: { timeout: 0.5 } };
	const { run } = await runNodeVirtually(sandbox, parameters, { input, ...setup });
	return lastRunOf(run, NODE).hints ?? [];
}

test('a run in which all went well has no hint', async () => {
	expect(await hintsOf(['one', 'two'], {})).toEqual([]);
});

test('a hint counts the videos that were not paid for again', async () => {
	sandbox.faults.add({ on: 'poll', prompt: 'one', answer: forbidden });
	const settings = { retryOnFail: true, maxTries: 2 };
	expect(await hintsOf(['one', 'two'], { settings })).toEqual([
		{
			type: 'info',
			location: 'outputPane',
			message: '2 of 2 items went on with a task that was already charged.',
		},
	]);
});

test('a hint counts what did not work by what it was', async () => {
	sandbox.faults.add({ on: 'submit', prompt: 'doubt', accept: true, answer: 'reset' });
	const prompts = ['one', 'two [failed]', 'three [failed]', 'four [never]', 'doubt'];
	expect(await hintsOf(prompts, { settings: CONTINUE })).toEqual([
		{
			type: 'warning',
			location: 'outputPane',
			message: [
				'4 of 5 items brought no video.',
				'2 × The video could not be generated.',
				'1 × The video was not ready in time.',
				'1 × The connection broke off.',
				'1 × A submission without an answer may have been charged: look into the usage log of the OctopusX account.',
			].join(' '),
		},
	]);
});

test('a production run has no hint', async () => {
	const hints = await hintsOf(['two [failed]'], { settings: CONTINUE, mode: 'trigger' });
	expect(hints).toEqual([]);
});
