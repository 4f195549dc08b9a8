import { OctopusXClient } from '../api/client';
import { FROM_MODEL_SERVICE, type Answer } from '../api/envelope';
import { explainSubmission } from '../api/explain';
import type { UploadTarget } from '../api/presign';
import { createRedact } from '../api/redact';
import type { Task } from '../api/task';
import type { ByteStream, Transport } from '../api/transport';
import type { Job, PaidRequest } from '../job';
import { API_URL, asTestId, failedTask, finishedTask, queuedTask, testIdOf } from './testTask';

/** Whatever a client may come to ask for one day: in Test Mode it does not leave. */
const SILENCE = async () => ({ code: 'TEST_MODE', reason: 'Test Mode sends nothing' });
const SILENT: Pick<Transport, 'withKey' | 'withoutKey'> = {
	withKey: SILENCE,
	withoutKey: SILENCE,
};

const REASON = {
	code: 'moderation_blocked',
	message: 'Test Mode refused this prompt, as the moderation of a model does',
};

/**
 * How a model refuses a prompt (docs/API.md, "Refusals"): at the submission. That is what users meet most,
 * and it fails an item whether it waits or not; a task that fails later is the same to who waits.
 */
const REFUSAL: Answer = {
	statusCode: 400,
	headers: {},
	body: { code: FROM_MODEL_SERVICE, message: JSON.stringify({ error: REASON }), data: null },
};

/**
 * The API as Test Mode plays it for one item: a model that is done at once, or that refuses. It asks
 * for no credential, and its transport sends nothing.
 */
export class TestClient extends OctopusXClient {
	constructor(
		private readonly index: number,
		private readonly job: Job,
	) {
		super(SILENT, API_URL, '', createRedact(''));
	}

	/** Who keeps the execution running gets the sample at once: there is nothing to wait for. */
	override async createTask(body: Buffer | ByteStream): Promise<Task> {
		await readToEnd(body);
		const { testMode, source, wait } = this.job;
		if (testMode === 'failure') throw explainSubmission(REFUSAL, this.redact);
		const { request } = source as { request: PaidRequest };
		const taskId = await testIdOf(this.index, request);
		return wait && !wait.isSuspended ? finishedTask(taskId) : queuedTask(taskId);
	}

	override async getTask(taskId: string): Promise<Task> {
		const testId = asTestId(taskId);
		return this.job.testMode === 'failure' ? failedTask(testId, REASON) : finishedTask(testId);
	}

	override async getVerdict(taskId: string): Promise<Task> {
		return this.job.testMode === 'failure'
			? failedTask(asTestId(taskId), { ...REASON, refunded: true })
			: await this.getTask(taskId);
	}

	override async presignUpload(_fileName: string, contentType: string): Promise<UploadTarget> {
		return { uploadUrl: API_URL, publicUrl: API_URL, contentType, expiresInMs: Infinity };
	}

	override async putFile(_target: UploadTarget, body: Buffer | ByteStream): Promise<void> {
		await readToEnd(body);
	}
}

/** A file that n8n cannot hand out fails its item here, too. */
async function readToEnd(body: Buffer | ByteStream): Promise<void> {
	if (Buffer.isBuffer(body)) return;
	const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
	while (!(await chunks.next()).done);
}
