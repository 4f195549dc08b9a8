import * as n8nWorkflow from 'n8n-workflow';
import type { INodeType } from 'n8n-workflow';
import { CONTINUE, inputOf } from './support/inputs';
import { MINUTE, onNewEngine, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

/** Which n8n may suspend: what an older one lacks is taken from what this one exports. */

const sandbox = useSandbox({ durationMs: MINUTE });

const suspend = suspendingOn(sandbox, {}, inputOf('one'));

/** Came with n8n 2.0, and with 2.27. */
const SINCE_2_0 = 'calculateWorkflowChecksum';
const SINCE_2_27 = 'CRASHABLE_EXECUTION_STATUSES';

/** Our node as loaded by an n8n whose n8n-workflow has no such exports. */
function nodeWithout(...missing: string[]): INodeType {
	const exported = Object.entries(n8nWorkflow).filter(([name]) => !missing.includes(name));
	let node: INodeType | undefined;
	jest.isolateModules(() => {
		jest.doMock('n8n-workflow', () => Object.fromEntries(exported));
		const { OctopusXVideo } = jest.requireActual<
			typeof import('../../nodes/OctopusXVideo/OctopusXVideo.node')
		>('../../nodes/OctopusXVideo/OctopusXVideo.node');
		node = new OctopusXVideo();
	});
	jest.dontMock('n8n-workflow');
	return node as INodeType;
}

onNewEngine('Suspend', () => {
	test.each([
		['before 2.0', [SINCE_2_0, SINCE_2_27], {}, 'n8n 2.0 or later.'],
		['before 2.0, with On Error: Continue', [SINCE_2_0, SINCE_2_27], CONTINUE, 'n8n 2.0 or later.'],
		['between 2.0 and 2.27', [SINCE_2_27], {}, "n8n 2.27 or later unless 'On Error' is set"],
	])(
		'is refused by an n8n %s, before anything is sent',
		async (_what, missing, settings, words) => {
			const { items, error } = await suspend({}, { node: nodeWithout(...missing), settings });
			const refusal = error ?? items[0]?.json.error;
			expect(refusal).toMatchObject({
				message: 'The execution cannot be suspended',
				description: expect.stringContaining(words),
			});
			expect(sandbox.log).toEqual([]);
		},
	);

	test.each([
		['between 2.0 and 2.27, with On Error: Continue', [SINCE_2_27], CONTINUE],
		['of 2.27 or later', [], {}],
	])('works with an n8n %s', async (_what, missing, settings) => {
		const { items } = await suspend({}, { node: nodeWithout(...missing), settings });
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});
});
