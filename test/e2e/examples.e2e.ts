import { setTimeout as sleep } from 'node:timers/promises';
import type { IBinaryData, IRunExecutionData } from 'n8n-workflow';
import type { SandboxTask } from '../sandbox/tasks';
import { ChatModel } from './support/chatModel';
import { useEditor } from './support/editor';
import { MailServer } from './support/mailServer';
import type { EndedExecution, SavedWorkflow } from './support/n8nApi';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { itemsOf } from './support/workflows';

/**
 * n8n's Remove Duplicates loses orders that arrive in quick succession. Measured: 100 ms between
 * them are enough.
 */
const ORDER_INTERVAL_MS = 300;

const setup = useN8n();
const opened = useEditor(setup);
const model = new ChatModel();
const mail = new MailServer();

beforeAll(async () => {
	await model.listen();
	await mail.listen();
	await setup.api.createCredential('openAiApi', 'OpenAI account', { apiKey: 'x', url: model.url });
	await setup.api.createCredential('smtp', 'SMTP account', mail.credential);
});
afterAll(async () => {
	await model.close();
	await mail.close();
});

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

const jsonOf = (data: IRunExecutionData, node: string) =>
	itemsOf(data, node).map(({ json }) => json);
const videoOf = (data: IRunExecutionData, node: string) =>
	itemsOf(data, node)[0]?.binary?.data as IBinaryData;

/** Waits for a task that matches `is`, and makes it fail. */
async function failTask(is: (task: SandboxTask) => boolean): Promise<SandboxTask> {
	const task = await until('the task', () => setup.sandbox.tasks.find(is));
	task.ending = 'failed';
	return task;
}

test('example "text to video on a schedule": a retry is not charged again', async () => {
	const example = await importExample('text-to-video-on-a-schedule');
	const workflow = await shortenTimes(example, 'Every morning', {
		rule: { interval: [{ field: 'seconds', secondsInterval: 1 }] },
	});
	setup.sandbox.faults.add({ on: 'check', answer: { status: 403, body: {} } });
	await setup.api.activate(workflow);
	await until('a task', () => setup.sandbox.tasks.length > 0);
	await setup.api.deactivate(workflow);
	const ended = await setup.api.endedOf(workflow);
	expect(new Set(ended.map(({ status, mode }) => `${mode} ${status}`))).toEqual(
		new Set(['trigger success']),
	);
	expect(setup.sandbox.tasks).toHaveLength(ended.length);
	expect(setup.sandbox.tasks[0]?.request.prompt).toMatch(/^\w+day morning by the sea/);
	const video = videoOf(ended[0]?.data as IRunExecutionData, 'Generate video');
	expect(video.fileName).toMatch(/^\w+day\.mp4$/);
	const file = await setup.api.binary(video.id as string);
	expect(file.subarray(4, 8).toString()).toBe('ftyp');
});

describe('product photos from a webhook', () => {
	const photo = (name: string) => new Blob([`\0the ${name}`], { type: 'image/png' });
	const uriOf = (name: string) => `data:image/png;base64,${btoa(`\0the ${name}`)}`;

	async function upload(...names: string[]) {
		const form = new FormData();
		for (const name of names) form.append(name, photo(name), `${name}.png`);
		const response = await fetch(`${setup.n8n.url}/webhook/product-photos`, {
			method: 'POST',
			body: form,
		});
		return (await response.json()) as Array<Record<string, unknown>>;
	}

	beforeAll(async () => {
		await setup.api.activate(await importExample('product-photos-from-a-webhook'));
	});

	test('example "product photos from a webhook": each photo becomes a clip, and a failed clip does not affect the others', async () => {
		const answer = upload('front', 'back');
		const failed = await failTask(({ request }) => request.first_image_url === uriOf('back'));
		await until('both tasks', () => setup.sandbox.tasks.length === 2);
		const sent = setup.sandbox.tasks.map(({ request }) => request.first_image_url);
		expect(sent.sort()).toEqual([uriOf('back'), uriOf('front')]);
		// The files of an upload have no fixed order in n8n.
		const byName = (await answer).sort((a, b) => (String(a.photo) < String(b.photo) ? -1 : 1));
		expect(byName).toEqual([
			{
				photo: 'back.png',
				error: expect.objectContaining({
					message: expect.stringContaining('could not be generated'),
					task_id: failed.id,
				}),
			},
			expect.objectContaining({
				photo: 'front.png',
				status: 'completed',
				video_url: expect.stringMatching(/^http/),
			}),
		]);
		expect(setup.sandbox.tasks).toHaveLength(2);
	});

	test('example "product photos from a webhook": six photos exceed the safety limit and are not charged', async () => {
		const answer = await upload('a', 'b', 'c', 'd', 'e', 'f');
		expect(answer).toHaveLength(6);
		expect(answer[0]).toMatchObject({
			error: expect.objectContaining({
				message: expect.stringContaining("'Safety Limit (Items)' allows 5"),
			}),
		});
		expect(setup.sandbox.tasks).toHaveLength(0);
	});
});

test('example "batch from a list": failed items take a separate branch', async () => {
	const workflow = await importExample('batch-from-a-list');
	await opened.editor.executeWorkflow();
	const task = await failTask(({ request }) => String(request.prompt).includes('lighthouse'));
	const { status, data } = await setup.api.onlyEnded(workflow);
	expect(status).toBe('success');
	expect(jsonOf(data, 'List of videos')).toEqual(
		['A paper boat', 'Steam rises'].map((start) => ({
			prompt: expect.stringMatching(new RegExp(`^${start}`)),
			task_id: expect.stringMatching(/^video_\d$/),
			video_url: expect.stringMatching(/^http/),
		})),
	);
	const [{ report }] = jsonOf(data, 'Report') as [{ report: string }];
	expect(report).toMatch(/^"A lighthouse.+" failed: The video could not be generated.+/);
	expect(report).toMatch(new RegExp(`Task: ${task.id}$`));
	expect(setup.sandbox.tasks).toHaveLength(3);
});

describe('budget guard', () => {
	let workflow: SavedWorkflow;
	let runs = 0;

	beforeAll(async () => {
		workflow = await importExample('budget-guard');
	});
	beforeEach(() => {
		setup.sandbox.quirks.records = 'exact';
		mail.messages = [];
	});

	async function run(): Promise<EndedExecution> {
		await opened.editor.executeWorkflow();
		runs += 1;
		const [latest] = await setup.api.endedOf(workflow, runs);
		return latest as EndedExecution;
	}

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
		setup.sandbox.quirks.records = 'none';
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

describe('once per order', () => {
	let workflow: SavedWorkflow;
	let deliveries = 0;

	beforeAll(async () => {
		workflow = await importExample('once-per-order');
		await setup.api.activate(workflow);
	});

	/** Delivers an order, and returns its execution once it has ended. */
	async function deliver(order: string, prompt = 'A paper boat'): Promise<EndedExecution> {
		await setup.api.callWebhook('once-per-order', { order_id: order, prompt });
		deliveries += 1;
		const [latest] = await setup.api.endedOf(workflow, deliveries);
		return latest as EndedExecution;
	}

	test('example "once per order": a repeated order is not charged again, but a different order is charged', async () => {
		const first = await deliver('A-1');
		expect(first.status).toBe('success');
		const video = { task_id: 'video_1', video_url: expect.stringMatching(/^http/) };
		expect(jsonOf(first.data, 'Video of the order')).toEqual([{ order_id: 'A-1', ...video }]);

		const again = await deliver('A-1');
		expect(again.status).toBe('success');
		expect(again.data.resultData.lastNodeExecuted).toBe('Only new orders');
		expect(setup.sandbox.tasks).toHaveLength(1);

		const other = await deliver('A-2');
		expect(jsonOf(other.data, 'Video of the order')).toMatchObject([{ order_id: 'A-2' }]);
		expect(setup.sandbox.tasks).toHaveLength(2);
	});

	test('example "once per order": an order whose video failed can be repeated with Retry, but not with another delivery', async () => {
		const failed = await deliver('B-1', '[failed]');
		expect(failed.status).toBe('error');
		const tasks = setup.sandbox.tasks.length;
		expect((await deliver('B-1')).data.resultData.lastNodeExecuted).toBe('Only new orders');
		expect(setup.sandbox.tasks).toHaveLength(tasks);

		const retried = await setup.api.ended(await setup.api.retry(failed.id));
		deliveries += 1;
		expect(retried.data.resultData.runData['Only new orders']).toHaveLength(1);
		expect(setup.sandbox.tasks).toHaveLength(2 * tasks);
	});

	test('example "once per order": all 20 simultaneous orders get videos, but n8n does not remember all of them', async () => {
		const orders = Array.from({ length: 20 }, (_, index) => `C-${index}`);
		const send = async (order: string) =>
			await setup.api.callWebhook('once-per-order', { order_id: order, prompt: 'A paper boat' });
		await Promise.all(orders.map(send));
		await until('a task for each order', () => setup.sandbox.tasks.length === orders.length);

		for (const order of orders) {
			await send(order);
			await sleep(ORDER_INTERVAL_MS);
		}
		deliveries += 2 * orders.length;
		await setup.api.endedOf(workflow, deliveries);
		// If this fails, n8n now remembers all of them, and the note in the example can be removed.
		expect(setup.sandbox.tasks.length).toBeGreaterThan(orders.length);
	});
});

test('example "status check loop": the loop ends both with a completed video and with a failed one', async () => {
	setup.sandbox.durationMs = 2_500;
	const workflow = await shortenTimes(await importExample('status-check-loop'), 'Wait', {
		amount: 1,
	});
	await opened.editor.openWorkflow(workflow);
	await opened.editor.executeWorkflow();
	const { status, data } = await setup.api.onlyEnded(workflow);
	expect(status).toBe('success');
	const checks = data.resultData.runData['Get Status']?.length ?? 0;
	expect(checks).toBeGreaterThan(1);
	expect(setup.sandbox.requestsTo('check')).toHaveLength(checks);
	expect(jsonOf(data, 'Video')).toEqual([
		expect.objectContaining({ task_id: 'video_1', status: 'completed' }),
	]);
	expect(videoOf(data, 'Video').mimeType).toBe('video/mp4');
	expect(setup.sandbox.tasks).toHaveLength(1);

	await opened.editor.executeWorkflow();
	await failTask(({ id }) => id === 'video_2');
	const [second] = (await setup.api.endedOf(workflow, 2)) as [EndedExecution, EndedExecution];
	expect(jsonOf(second.data, 'Explain')).toEqual([
		{ task_id: 'video_2', reason: 'The sandbox let this task end failed' },
	]);
	// This shows that the failure ended the loop. The limit of the loop would give the same result.
	expect(second.data.resultData.runData['Get Status']?.length).toBeLessThan(10);
	expect(setup.sandbox.tasks).toHaveLength(2);
});

test('example "AI Agent tool": the chat responds with the video', async () => {
	const workflow = await importExample('ai-agent-tool');
	model.script = [
		{ callTool: { prompt: 'A paper boat', seconds: 6, aspect_ratio: '9:16' } },
		{ say: 'Here is your video' },
	];
	await opened.editor.sendToChat('Make me a clip of a paper boat, upright, 6 seconds');
	const { status } = await setup.api.onlyEnded(workflow);
	expect(status).toBe('success');
	await opened.editor.page.getByText('Here is your video').first().waitFor();
	expect(setup.sandbox.tasks.map(({ request }) => request)).toEqual([
		expect.objectContaining({ prompt: 'A paper boat', seconds: '6', aspect_ratio: '9:16' }),
	]);
	expect(model.requests.at(-1)?.toolResults.join()).toContain('"video_url":"http');
});
