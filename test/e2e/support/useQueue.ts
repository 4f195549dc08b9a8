import type { INode } from 'n8n-workflow';
import { Sandbox } from '../../sandbox/sandbox';
import type { N8nOptions } from './n8n';
import type { SavedWorkflow } from './n8nApi';
import { PER_WORKER, QueueMode, type Worker } from './queueMode';
import { until } from './until';
import { HOUR_MS, useSandboxInN8n, type SandboxSetup } from './sandboxInN8n';
import { chain, node, videoNode, webhookNode } from './workflows';

/**
 * The times after which n8n treats a worker as dead, in ms, shortened for tests. n8n's defaults are
 * 60, 10 and 30 s.
 */
export const STALLED = {
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '2000',
};

/** Runs n8n in queue mode and a sandbox for the tests of a file. The sandbox is reset before each test. */
export function useQueue(options: N8nOptions): QueueSetup {
	const setup = new QueueSetup();
	const start = async () => {
		setup.queue = await QueueMode.start(options);
		return setup.queue.n8n.api;
	};
	useSandboxInN8n(setup, start, async () => await setup.queue?.remove());
	// A worker stops only after its executions have ended.
	afterEach(() => setup.finishTasks());
	return setup;
}

class QueueSetup implements SandboxSetup {
	readonly sandbox = new Sandbox();
	/** Set by a `beforeAll` hook, like `credentialId`. */
	queue!: QueueMode;
	credentialId!: string;

	/** Completes all running tasks at once. */
	finishTasks(): void {
		for (const task of this.sandbox.tasks) task.durationMs = 0;
	}

	/** Creates an active workflow that starts with a webhook. */
	async activated(path: string, nodes: INode[], settings = {}): Promise<SavedWorkflow> {
		const draft = chain(path, [webhookNode(path), ...nodes], { executionOrder: 'v1', ...settings });
		return await this.queue.n8n.api.createActive(draft);
	}

	/** Creates an active workflow that generates three videos per call. */
	async threeVideos(path: string, settings = {}): Promise<SavedWorkflow> {
		const split = node('Split Out', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'body.videos' });
		const prompt = '={{ $json.prompt }}';
		const video = videoNode(this.credentialId, { prompt, downloadVideo: true });
		return await this.activated(path, [split, video], settings);
	}

	/** Calls a workflow of `threeVideos` several times at once, each time with different prompts. */
	async callTimes(path: string, times: number): Promise<void> {
		const bodies = Array.from({ length: times }, (_, call) => ({
			videos: [0, 1, 2].map((video) => ({ prompt: `call ${call}, video ${video}` })),
		}));
		await Promise.all(bodies.map(async (body) => await this.queue.n8n.api.callWebhook(path, body)));
	}

	/**
	 * Fills workers with executions whose tasks do not end. Waits until all task IDs are in the
	 * workers' logs.
	 */
	async occupy(path: string, workers: Worker[]): Promise<void> {
		const { sandbox } = this;
		sandbox.durationMs = HOUR_MS;
		const count = workers.length * PER_WORKER;
		await this.callTimes(path, count);
		await until('a task for every item, with its ID in a log', () => {
			const logged = workers.flatMap(({ tasks }) => tasks);
			return (
				sandbox.tasks.length === 3 * count && sandbox.tasks.every(({ id }) => logged.includes(id))
			);
		});
	}
}
