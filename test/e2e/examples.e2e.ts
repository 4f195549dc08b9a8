import { createServer } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IBinaryData, IRunExecutionData } from 'n8n-workflow';
import { ROOT } from '../package/tarball';
import { addressOf, close, listen } from '../sandbox/http';
import type { SandboxTask } from '../sandbox/tasks';
import { useEditor } from './support/editor';
import { FormPage } from './support/formPage';
import { MailServer } from './support/mailServer';
import {
	RESUME_TIMEOUT_S,
	type EndedExecution,
	type SavedWorkflow,
	type WorkflowDraft,
} from './support/n8nApi';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { chain, itemsOf, VIDEO_NODE, videoNode, webhookNode } from './support/workflows';

const EXAMPLES = join(ROOT, 'examples');
const FILES = readdirSync(EXAMPLES).filter((file) => file.endsWith('.json'));
const PHOTO = Buffer.from('\0a photo');
const PHOTO_URI = `data:image/png;base64,${PHOTO.toString('base64')}`;

const setup = useN8n();
const opened = useEditor(setup);
const mail = new MailServer();

beforeAll(async () => {
	await mail.listen();
	await setup.api.createCredential('smtp', 'SMTP account', mail.credential);
});
beforeEach(() => {
	mail.messages = [];
	setup.sandbox.quirks.records = 'exact';
});
afterAll(async () => await mail.close());

/**
 * Imports an example unchanged with *Import from File*, which finds credentials by name. Also takes
 * the screenshot for the docs.
 */
async function importExample(name: string): Promise<SavedWorkflow> {
	const workflow = await opened.editor.importExample(setup.api, `${name}.json`);
	await opened.editor.pictureWorkflow(`example-${name}`);
	return workflow;
}

/** Changes parameters of one node, only to shorten times that are too long for a test. */
async function shortenTimes(workflow: SavedWorkflow, name: string, parameters: object) {
	const nodes = workflow.nodes.map((node) =>
		node.name === name ? { ...node, parameters: { ...node.parameters, ...parameters } } : node,
	);
	const { id, versionId } = workflow;
	return await setup.api.request<SavedWorkflow>('PATCH', `/rest/workflows/${id}`, {
		nodes,
		versionId,
	});
}

const EACH_SECOND = { rule: { interval: [{ field: 'seconds', secondsInterval: 1 }] } };

/** Lets the schedule of a workflow start `count` executions, a second apart, and returns them all once they have ended. */
async function runOnSchedule(workflow: SavedWorkflow, count = 1): Promise<EndedExecution[]> {
	const before = (await setup.api.executionsOf(workflow)).length;
	await setup.api.activate(workflow);
	await until(
		`${count} executions`,
		async () => (await setup.api.executionsOf(workflow)).length >= before + count,
	);
	await setup.api.deactivate(workflow);
	return await setup.api.endedOf(workflow);
}

/** Executes the open workflow as *Execute workflow* does, and returns the execution once it has ended. */
async function execute(
	workflow: SavedWorkflow,
	click = async () => await opened.editor.executeWorkflow(),
): Promise<EndedExecution> {
	const before = (await setup.api.executionsOf(workflow)).length;
	await click();
	const [latest] = await setup.api.endedOf(workflow, before + 1);
	return latest as EndedExecution;
}

const jsonOf = (data: IRunExecutionData, node: string) =>
	itemsOf(data, node).map(({ json }) => json);
const videoOf = (data: IRunExecutionData, node: string) =>
	itemsOf(data, node)[0]?.binary?.data as IBinaryData;
const openForm = async (workflow: SavedWorkflow) =>
	await FormPage.open(opened.editor.browser.context, setup.n8n.url, workflow);

/** Waits for a task that matches `is`, and makes it fail. */
async function failTask(is: (task: SandboxTask) => boolean): Promise<SandboxTask> {
	const task = await until('the task', () => setup.sandbox.tasks.find(is));
	task.ending = 'failed';
	return task;
}

describe('import by address', () => {
	const server = createServer((req, res) => {
		res.end(readFileSync(join(EXAMPLES, req.url ?? '')));
	});
	beforeAll(async () => await listen(server, 0));
	afterAll(async () => await close(server));

	test.each(FILES)('the example %s can be imported by its address', async (file) => {
		const draft = JSON.parse(readFileSync(join(EXAMPLES, file), 'utf8')) as WorkflowDraft;
		const imported = await opened.editor.importAddress(setup.api, `${addressOf(server)}/${file}`);
		const namesOf = ({ nodes }: WorkflowDraft) => nodes.map(({ name }) => name).sort();
		expect([imported.name, namesOf(imported)]).toEqual([draft.name, namesOf(draft)]);
		expect(imported.connections).toEqual(draft.connections);
		// n8n shows "?" for a node that it does not know.
		expect(await opened.editor.find('canvas-node').getByText('?', { exact: true }).count()).toBe(0);
	});
});

describe('form that returns a video', () => {
	let workflow: SavedWorkflow;
	beforeAll(async () => {
		workflow = await importExample('form-to-video');
		await setup.api.activate(workflow);
	});

	test('example "form that returns a video": the page plays the clip of the photo, and has a link to it', async () => {
		const form = await openForm(workflow);
		await form.send(PHOTO, 'Steam rises from the cup');
		await form.page.getByText('Here is your video').waitFor();
		expect(setup.sandbox.tasks.map(({ request }) => request)).toEqual([
			expect.objectContaining({ prompt: 'Steam rises from the cup', first_image_url: PHOTO_URI }),
		]);
		const [execution] = await setup.api.endedOf(workflow);
		expect(execution?.status).toBe('success');
		const [clip] = jsonOf((execution as EndedExecution).data, 'Generate clip');
		const link = form.page.getByRole('link', { name: 'Open the video to download it' });
		expect(await link.getAttribute('href')).toBe(clip?.video_url);
		const duration = await form.page
			.locator('video')
			.evaluate(async (video: { duration: number; readyState: number }) => {
				while (video.readyState < 1) await new Promise((resolve) => setTimeout(resolve, 50));
				return video.duration;
			});
		expect(duration).toBe(2);
		await form.page.close();
	});

	test('example "form that returns a video": if the video fails, the page says why', async () => {
		const form = await openForm(workflow);
		await form.send(PHOTO, 'Steam rises [failed]');
		await form.page.getByText('No video this time').waitFor();
		await form.page.getByText('The video could not be generated').waitFor();
		expect(setup.sandbox.tasks).toHaveLength(1);
		await form.page.close();
	});

	test('example "form that returns a video": a file that is not an image costs nothing', async () => {
		const form = await openForm(workflow);
		await form.send(Buffer.from('<html></html>'), 'Steam rises');
		await form.page.getByText('No video this time').waitFor();
		expect(setup.sandbox.tasks).toEqual([]);
		await form.page.close();
	});
});

describe('content calendar', () => {
	const TABLE = 'OctopusX content calendar';
	const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString();
	const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
	let workflow: SavedWorkflow;
	beforeAll(async () => {
		workflow = await importExample('content-calendar');
		// The first run creates the table.
		expect((await execute(workflow)).status).toBe('success');
	});
	const latestRows = async (count: number) => (await setup.api.rowsOf(TABLE)).slice(-count);

	test('example "content calendar": due rows become videos once, and a failed row says why', async () => {
		await setup.api.addRows(TABLE, [
			{ date: YESTERDAY, prompt: 'A paper boat' },
			{ date: YESTERDAY, prompt: 'A lighthouse [failed]' },
			{ date: TOMORROW, prompt: 'Steam' },
			{ date: YESTERDAY, prompt: '' },
		]);
		expect((await execute(workflow)).status).toBe('success');
		const rows = await setup.api.rowsOf(TABLE);
		const idOf = (start: string) =>
			setup.sandbox.tasks.find(({ request }) => String(request.prompt).startsWith(start))?.id;
		expect(rows).toEqual([
			expect.objectContaining({
				prompt: 'A paper boat',
				status: 'done',
				task_id: idOf('A paper boat'),
				video_url: expect.stringMatching(/^http/),
				cost: 0.04,
				currency: 'USD',
				reason: null,
			}),
			expect.objectContaining({
				prompt: 'A lighthouse [failed]',
				status: 'failed',
				task_id: idOf('A lighthouse'),
				video_url: null,
				cost: 0,
				currency: 'USD',
				reason: expect.stringMatching(/^The video could not be generated.+refunded/),
			}),
			expect.objectContaining({ prompt: 'Steam', status: null, task_id: null }),
			expect.objectContaining({
				status: 'failed',
				task_id: null,
				cost: null,
				reason: expect.stringMatching(/Prompt.+Nothing was charged/),
			}),
		]);

		await execute(workflow);
		expect(setup.sandbox.tasks).toHaveLength(2);
	});

	test('example "content calendar": runs that overlap make no row twice', async () => {
		setup.sandbox.durationMs = 4_000;
		const shortened = await shortenTimes(workflow, 'Every hour', EACH_SECOND);
		const prompts = Array.from({ length: 5 }, (_, index) => `Wave ${index}`);
		await setup.api.addRows(
			TABLE,
			prompts.map((prompt) => ({ date: YESTERDAY, prompt })),
		);
		const ended = await runOnSchedule(shortened, 3);
		expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['success']));
		expect(setup.sandbox.tasks.map(({ request }) => request.prompt).sort()).toEqual(prompts);
		expect((await latestRows(5)).map(({ status }) => status)).toEqual(prompts.map(() => 'done'));
	});
});

describe('submit now, fetch later', () => {
	const TABLE = 'OctopusX orders';
	let submit: SavedWorkflow;
	let fetchLater: SavedWorkflow;
	let deliveries = 0;
	beforeAll(async () => {
		submit = await importExample('submit-now');
		await setup.api.activate(submit);
		fetchLater = await importExample('fetch-later');
		// The first run creates the table.
		expect((await execute(fetchLater)).status).toBe('success');
	});
	beforeEach(async () => {
		for (const row of await setup.api.rowsOf(TABLE)) await setup.api.deleteRow(TABLE, row);
	});

	/** Delivers an order, and returns its execution once it has ended. */
	async function deliver(order_id: string, prompt = 'A paper boat'): Promise<EndedExecution> {
		await setup.api.callWebhook('octopusx-order', { order_id, prompt });
		deliveries += 1;
		const [latest] = await setup.api.endedOf(submit, deliveries);
		return latest as EndedExecution;
	}
	const rowOf = async (order: string) =>
		(await setup.api.rowsOf(TABLE)).find(({ order_id }) => order_id === order);

	test('example "submit now": an order that comes again is not charged again, but another one is', async () => {
		expect((await deliver('A-1')).status).toBe('success');
		const again = await deliver('A-1');
		expect(again.status).toBe('success');
		expect(again.data.resultData.lastNodeExecuted).toBe('Only new orders');
		expect(setup.sandbox.tasks).toHaveLength(1);
		await deliver('A-2');
		expect(setup.sandbox.tasks).toHaveLength(2);
		expect(await rowOf('A-1')).toMatchObject({ status: 'submitted', task_id: 'video_1' });
	});

	test('example "submit now": an order that is not accepted says why, and can be sent again once its row is deleted', async () => {
		setup.sandbox.faults.add({ on: 'submit', answer: { status: 403, body: {} } });
		expect((await deliver('B-1')).status).toBe('success');
		const row = await rowOf('B-1');
		expect(row).toMatchObject({
			status: 'failed',
			task_id: null,
			reason: expect.stringContaining('Nothing was charged'),
		});
		await setup.api.deleteRow(TABLE, row ?? {});
		await deliver('B-1');
		expect(await rowOf('B-1')).toMatchObject({ status: 'submitted', task_id: 'video_1' });
		expect(setup.sandbox.tasks).toHaveLength(1);
	});

	test('example "fetch later": it leaves a running video for the next time, and ends with a file or a reason', async () => {
		setup.sandbox.durationMs = 3_600_000;
		await deliver('C-1');
		await deliver('C-2', '[failed]');
		await opened.editor.openWorkflow(fetchLater);
		const first = await execute(fetchLater);
		expect(first.status).toBe('success');
		expect(itemsOf(first.data, 'Store the file')).toEqual([]);
		expect(await rowOf('C-1')).toMatchObject({ status: 'submitted', video_url: null });

		for (const task of setup.sandbox.tasks) task.durationMs = 0;
		const second = await execute(fetchLater);
		expect(second.status).toBe('success');
		const { id = '' } = videoOf(second.data, 'Store the file');
		expect((await setup.api.binary(id)).subarray(4, 8).toString()).toBe('ftyp');
		expect(await rowOf('C-1')).toMatchObject({
			status: 'done',
			video_url: expect.stringMatching(/^http/),
			cost: 0.08,
			currency: 'USD',
		});
		expect(await rowOf('C-2')).toMatchObject({
			status: 'failed',
			cost: 0,
			reason: 'The sandbox let this task end failed',
		});

		const checks = setup.sandbox.requestsTo('check').length;
		await execute(fetchLater);
		expect(setup.sandbox.requestsTo('check')).toHaveLength(checks);
		expect(setup.sandbox.tasks).toHaveLength(2);
	});

	test('example "fetch later": if a check fails, the order has its turn again', async () => {
		await deliver('D-1');
		setup.sandbox.faults.add({ on: 'check', answer: { status: 403, body: {} } });
		await opened.editor.openWorkflow(fetchLater);
		const { status, data } = await execute(fetchLater);
		expect(status).toBe('success');
		expect(itemsOf(data, 'Next time')).toHaveLength(1);
		expect(await rowOf('D-1')).toMatchObject({ status: 'submitted' });
		await execute(fetchLater);
		expect(await rowOf('D-1')).toMatchObject({ status: 'done' });
	});
});

describe('one photo, many clips', () => {
	let workflow: SavedWorkflow;
	beforeAll(async () => {
		workflow = await importExample('one-photo-many-clips');
		await setup.api.activate(workflow);
	});

	test('example "one photo, many clips": one upload becomes five clips, and a failed clip does not affect the others', async () => {
		const form = await openForm(workflow);
		await form.send(PHOTO);
		const failed = await failTask(({ request }) => String(request.prompt).includes('mist'));
		const { status, data } = await setup.api.onlyEnded(workflow);
		await form.page.close();
		expect(status).toBe('success');
		const [[key, upload]] = [...setup.sandbox.uploads] as [
			[string, { bytes: Buffer; type: string }],
		];
		expect([setup.sandbox.uploads.size, upload.bytes]).toEqual([1, PHOTO]);
		const images = setup.sandbox.tasks.map(({ request }) => request.first_image_url);
		expect(images).toEqual(Array(5).fill(expect.stringMatching(new RegExp(`/uploads/${key}$`))));
		const files = itemsOf(data, 'Clips').map(({ binary }) => binary?.data?.fileName);
		expect(files).toEqual([1, 2, 3, 5].map((number) => `clip-${number}.mp4`));
		const [{ report }] = jsonOf(data, 'Report') as [{ report: string }];
		expect(report).toMatch(
			/^"The product stands still.+" failed: The video could not be generated/,
		);
		expect(report).toMatch(new RegExp(`Task: ${failed.id}$`));
	});
});

describe('costs of the month', () => {
	const TABLE = 'OctopusX costs';
	const MONTH = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric' }).format();
	let workflow: SavedWorkflow;
	beforeAll(async () => {
		const imported = await importExample('costs-of-the-month');
		workflow = await shortenTimes(imported, 'Every morning', EACH_SECOND);
		await opened.editor.openWorkflow(workflow);
		// Without a video so far, there is no sum.
		expect(await whatItCost()).toEqual([]);
	});
	const whatItCost = async () => {
		const click = async () => await opened.editor.executeFrom('What has this month cost?');
		const { status, data } = await execute(workflow, click);
		expect(status).toBe('success');
		return jsonOf(data, 'In words').map(({ text }) => text);
	};

	test('example "costs of the month": each video adds a row, a retry is not charged again, and the sum needs no video', async () => {
		setup.sandbox.faults.add({ on: 'check', answer: { status: 403, body: {} } });
		const ended = (await runOnSchedule(workflow)).filter(({ mode }) => mode === 'trigger');
		expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['success']));
		const { length } = setup.sandbox.tasks;
		expect(length).toBe(ended.length);
		const rows = await setup.api.rowsOf(TABLE);
		expect(rows.map(({ task_id }) => task_id).sort()).toEqual(
			setup.sandbox.tasks.map(({ id }) => id).sort(),
		);
		expect(rows[0]).toMatchObject({
			prompt: expect.stringMatching(/^\w+day morning by the sea/),
			status: 'completed',
			cost: 0.04,
			currency: 'USD',
			date: expect.stringContaining(String(new Date().getFullYear())),
		});
		const video = videoOf(ended[0]?.data as IRunExecutionData, 'Use the file');
		expect(video.fileName).toMatch(/^\w+day\.mp4$/);

		const lastMonth = new Date(Date.now() - 32 * 86_400_000).toISOString();
		await setup.api.addRows(TABLE, [
			{ date: lastMonth, prompt: 'Old', cost: 9, currency: 'USD', status: 'completed' },
			{ date: new Date().toISOString(), prompt: 'New', currency: 'unknown', status: 'completed' },
		]);
		const videos = length === 1 ? '1 video' : `${length} videos`;
		const sum = Number((length * 0.04).toFixed(6));
		expect(new Set(await whatItCost())).toEqual(
			new Set([`${MONTH}: 1 video, cost unknown`, `${MONTH}: ${videos}, ${sum} USD`]),
		);
		expect(setup.sandbox.tasks).toHaveLength(length);
	});

	test('example "costs of the month": a refunded video has a row without cost', async () => {
		const before = (await setup.api.rowsOf(TABLE)).length;
		setup.sandbox.durationMs = 1_500;
		const run = runOnSchedule(workflow);
		// Each of the three tries of Retry On Fail makes a new video.
		const failAll = setInterval(() => {
			for (const task of setup.sandbox.tasks) task.ending = 'failed';
		}, 50);
		await run;
		clearInterval(failAll);
		const [row] = (await setup.api.rowsOf(TABLE)).slice(before);
		expect(row).toMatchObject({
			status: 'failed',
			task_id: expect.stringMatching(/^video_/),
			cost: 0,
		});
	});
});

describe('error workflow', () => {
	let errorWorkflow: SavedWorkflow;
	beforeAll(async () => {
		errorWorkflow = await importExample('error-workflow');
		await setup.api.activate(errorWorkflow);
	});

	/** Runs a workflow that fails, and returns it and the email about it. */
	async function reportOf(
		name: string,
		parameters: Parameters<typeof videoNode>[1],
		act = async () => {},
	): Promise<string> {
		const draft = chain(name, [webhookNode(name), videoNode(setup.credentialId, parameters)]);
		const settings = { executionOrder: 'v1', errorWorkflow: errorWorkflow.id };
		await setup.api.createActive({ ...draft, settings });
		await setup.api.callWebhook(name);
		await act();
		return await until(
			'the email',
			() => mail.messages.find((one) => one.includes(`Failed: ${name}`)),
			RESUME_TIMEOUT_S,
		);
	}

	test('example "error workflow": the email names the workflow, the video, its task and whether it was charged', async () => {
		const email = await reportOf('refunded', { prompt: 'A paper boat [failed]', seconds: 4 });
		expect(email).toContain('The video could not be generated');
		expect(email).toContain('Workflow: refunded');
		expect(email).toContain(`Node: ${VIDEO_NODE}`);
		expect(email).toMatch(/Execution: http\S+\/workflow\/\w+\/executions\/\d+/);
		expect(email).toContain('Task: video_1');
		expect(email).toContain('Charged: yes, and refunded');
		expect(email).toContain('Prompt: A paper boat [failed]');
	});

	test('example "error workflow": it says what a charged video cost, and that a rejected one cost nothing', async () => {
		setup.sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 403, body: {} } });
		const charged = await reportOf('charged', { seconds: 4 });
		expect(charged).toMatch(/Task: video_1\s+Charged: yes\s/);
		setup.sandbox.faults.add({ on: 'submit', answer: { status: 403, body: {} } });
		const rejected = await reportOf('rejected', {});
		expect(rejected).toMatch(/Task: none\s+Charged: no\s/);
	});

	test('example "error workflow": after a suspended wait, it names the node of the workflow and the task', async () => {
		const email = await reportOf(
			'suspended',
			{ prompt: 'A paper boat', seconds: 4, options: { waitStrategy: 'suspend' } },
			async () => void (await failTask(() => true)),
		);
		expect(email).toContain('Workflow: suspended');
		expect(email).toMatch(new RegExp(`Node: ${VIDEO_NODE}\\s`));
		expect(email).toContain('Task: video_1');
		expect(email).toContain('Prompt: A paper boat');
		expect(email).toContain('Charged: yes, and refunded');
	}, 300_000);
});

describe('budget guard', () => {
	let workflow: SavedWorkflow;

	beforeAll(async () => {
		workflow = await importExample('budget-guard');
	});

	const run = async () => await execute(workflow);

	test('example "budget guard": with enough money left, it makes the videos of the list', async () => {
		setup.sandbox.key.quota = 2_500_000;
		const { status, data } = await run();
		expect(status).toBe('success');
		expect(jsonOf(data, 'Get balance')).toMatchObject([{ left: 5, unit: 'USD' }]);
		expect(jsonOf(data, 'Generate videos').map((video) => video.status)).toEqual([
			'completed',
			'completed',
		]);
		expect(setup.sandbox.tasks).toHaveLength(2);
		expect(mail.messages).toEqual([]);
	});

	const tooLittle = async (text: string) => {
		const { status, data } = await run();
		expect(status).toBe('success');
		expect(data.resultData.lastNodeExecuted).toBe('Send a warning');
		expect(mail.messages).toEqual([expect.stringContaining(text)]);
		expect(setup.sandbox.tasks).toHaveLength(0);
	};

	test('example "budget guard": with too little money left, it makes no video and sends an email', async () => {
		setup.sandbox.key.quota = 2_499_999;
		await tooLittle('so no video was made. Left: 4.999998 USD');
	});

	test('example "budget guard": it makes no video if OctopusX tells no balance, or no currency', async () => {
		setup.sandbox.key.isUnlimited = true;
		await tooLittle('so no video was made. Left: unknown');
		setup.sandbox.key.isUnlimited = false;
		setup.sandbox.faults.add({ on: 'status', times: Infinity, answer: { status: 404, body: {} } });
		mail.messages = [];
		await tooLittle('so no video was made. Left: 1000000000 quota');
	});

	test('example "budget guard": if it cannot ask for the balance, it makes no video', async () => {
		setup.sandbox.faults.add({ on: 'usage', times: Infinity, answer: { status: 403, body: {} } });
		expect((await run()).status).toBe('error');
		expect(setup.sandbox.tasks).toHaveLength(0);
	});
});

test('example "generate, then edit": the second node gets the file of the first, and Retry is charged for neither of them', async () => {
	const workflow = await importExample('generate-then-edit');
	setup.sandbox.faults.add({
		on: 'check',
		prompt: 'watercolor',
		answer: { status: 403, body: {} },
	});
	await opened.editor.executeWorkflow();
	const failed = await setup.api.onlyEnded(workflow);
	expect(failed.status).toBe('error');
	const { status, data } = await setup.api.ended(await setup.api.retry(failed.id));
	expect(status).toBe('success');
	const [[key, upload]] = [...setup.sandbox.uploads] as [[string, { bytes: Buffer; type: string }]];
	const generated = await setup.api.binary(videoOf(data, 'Generate video').id as string);
	expect(upload).toEqual({ bytes: generated, type: 'video/mp4' });
	expect(setup.sandbox.tasks.map(({ request }) => request)).toEqual([
		expect.objectContaining({ model: 'omni-fast' }),
		expect.objectContaining({
			model: 'omni-fast-v2v',
			video: expect.stringMatching(new RegExp(`/uploads/${key}$`)),
		}),
	]);
	expect(jsonOf(data, 'Edit video')).toEqual([
		expect.objectContaining({ task_id: 'video_2', status: 'completed' }),
	]);
	expect(videoOf(data, 'Edit video').mimeType).toBe('video/mp4');
});
