import { createHash, createHmac } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { UploadTarget } from '../api/answers';
import { OctopusXClient, type CreatedTask } from '../api/client';
import { FROM_MODEL_SERVICE, type Answer } from '../api/envelope';
import { explainSubmission } from '../api/explain';
import type { Balance } from '../api/records';
import { parseTask, type Task } from '../api/task';
import type { ByteStream, Transport } from '../api/transport';
import { mapMedia, ratioOf, SAMPLE_HOST, sizeOf, type Job, type PaidRequest } from '../job';
import { SAMPLES } from './samples';

const PREFIX = 'test_';

/** Base of relative URLs, which samples do not have. */
const API_URL = 'https://octopusx.ai';

/** Length of the signature at the end of a sample's ID, in hexadecimal digits. */
const SIGNATURE_LENGTH = 12;

/** A sample's ID: `test_<model>_<seconds>s_<width>x<height>_<hash and signature>`, for later checks. */
const TEST_ID = /^test_(?<model>.+)_(?<seconds>[^_]*)s_(?<width>\d+)x(?<height>\d+)_\w+$/;

/** Details for an ID that Test Mode did not create: those of a video with default settings. */
const DEFAULTS = { model: 'omni-fast', seconds: '8', width: '1280', height: '720' };

const REASON = {
	code: 'moderation_blocked',
	message: 'Test Mode refused this prompt, as the moderation of a model does',
};

/**
 * A model's refusal of a prompt, as the API returns it for the submission (docs/API.md, "Refusals"). This is
 * the most common failure, and it fails an item whether it waits or not.
 */
const REFUSAL: Answer = {
	statusCode: 400,
	headers: {},
	body: { code: FROM_MODEL_SERVICE, message: JSON.stringify({ error: REASON }), data: null },
};

/** Sends nothing, even for methods that Test Mode does not override. */
const silence = async () => ({ code: 'TEST_MODE', reason: 'Test Mode sends nothing' });
const SILENT: Pick<Transport, 'withKey' | 'withoutKey' | 'read' | 'hideKey'> = {
	withKey: silence,
	withoutKey: silence,
	read: silence,
	hideKey: (text) => text,
};

/** What Test Mode needs from n8n: a secret that no server knows. */
type Instance = Pick<IExecuteFunctions, 'getInstanceId'>;

/** True for a sample of this n8n instance. Signed, so that no server passes off a real task as a sample. */
export function isTestId(taskId: string, instance: Instance): boolean {
	const unsigned = taskId.slice(0, -SIGNATURE_LENGTH);
	return taskId.startsWith(PREFIX) && taskId === sign(unsigned, instance);
}

function sign(unsigned: string, instance: Instance): string {
	const signature = createHmac('sha256', instance.getInstanceId()).update(unsigned).digest('hex');
	return `${unsigned}${signature.slice(0, SIGNATURE_LENGTH)}`;
}

/** The API in Test Mode, for one item. It needs no credential and sends nothing. */
export class TestClient extends OctopusXClient {
	constructor(
		private readonly instance: Instance,
		private readonly index: number,
		private readonly job: Job,
	) {
		super(SILENT, API_URL);
	}

	/** Returns the finished sample at once if the execution keeps running: there is nothing to wait for. */
	override async createTask(_path: string, body: Buffer | ByteStream): Promise<CreatedTask> {
		await readToEnd(body);
		const { testMode, source, wait } = this.job;
		if (testMode === 'failure') throw explainSubmission(REFUSAL);
		const { request } = source as { request: PaidRequest };
		const taskId = sign(await testIdOf(this.index, request), this.instance);
		const isDone = wait && !wait.isSuspended;
		const task = isDone ? finishedTask(taskId) : testTask(taskId, { status: 'queued' });
		return { task, requestId: taskId };
	}

	override async getTask(taskId: string): Promise<Task> {
		const testId = taskId.startsWith(PREFIX) ? taskId : `${PREFIX}${taskId}`;
		return this.job.testMode === 'failure'
			? testTask(testId, { status: 'failed', error: { ...REASON, refunded: true } })
			: finishedTask(testId);
	}

	override async getVerdict(taskId: string): Promise<Task> {
		return await this.getTask(taskId);
	}

	override async getBalance(): Promise<Balance> {
		return { unlimited: false, used: 0, left: 10, limit: 10, unit: 'USD', test: true };
	}

	/** Returns the sample whose shape is closest to the one in the task's ID. */
	override readonly sampleOf = (taskId: string): Buffer => {
		const { width, height } = detailsOf(taskId);
		const shape = Number(width) / Number(height);
		const distanceTo = (ratio: string) => Math.abs(Math.log((ratioOf(ratio) ?? 1) / shape));
		const [[, nearest = ''] = []] = Object.entries(SAMPLES).sort(
			([a], [b]) => distanceTo(a) - distanceTo(b),
		);
		return Buffer.from(nearest, 'base64');
	};

	override async presignUpload(fileName: string, contentType: string): Promise<UploadTarget> {
		const publicUrl = `https://${SAMPLE_HOST}/${encodeURIComponent(fileName)}`;
		return { uploadUrl: API_URL, publicUrl, contentType, expiresInMs: Infinity };
	}

	override async putFile(_target: UploadTarget, body: Buffer | ByteStream): Promise<undefined> {
		await readToEnd(body);
	}
}

/** Reads the body to its end, because a file that n8n cannot read must fail its item in Test Mode, too. */
async function readToEnd(body: Buffer | ByteStream): Promise<void> {
	if (Buffer.isBuffer(body)) return;
	const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
	while (!(await chunks.next()).done);
}

/**
 * Returns the ID of a sample, without its signature. It is the same for the same item and request. A file is
 * identified by its name, type and size, because n8n stores it under another ID in each execution.
 */
async function testIdOf(index: number, request: PaidRequest): Promise<string> {
	// without the objects that they lead into
	const own = Object.entries(request.fields).map(([name, value]) => [
		name.split('.').at(-1),
		value,
	]);
	const fields = { ...Object.fromEntries(own), ...request.additionalFields };
	const { model, seconds, aspect_ratio, resolution, ...others } = fields;
	const media = await mapMedia(request.media, async (input) =>
		'url' in input ? input.url : [input.fileName, input.mimeType, input.bytes].join(),
	);
	const text = JSON.stringify([index, others, media, aspect_ratio, resolution]);
	const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
	const ratio = ratioOf(String(aspect_ratio)) ? String(aspect_ratio) : '16:9';
	const size = sizeOf(ratio, String(resolution)) ?? sizeOf(ratio, '720p');
	return `${PREFIX}${idPart(model)}_${idPart(seconds)}s_${size}_${hash}`;
}

/** Returns a completed task. Its URL leads nowhere, but Test Mode accepts it as a source. */
function finishedTask(taskId: string): Task {
	const now = Math.floor(Date.now() / 1_000);
	// the API keeps a file for a day; samples do not expire, but have all fields of a real video
	const times = { completed_at: now, expires_at: now + 86_400 };
	const task = testTask(taskId, { status: 'completed', ...times });
	return { ...task, video_url: `https://${SAMPLE_HOST}/${encodeURIComponent(taskId)}.mp4` };
}

function testTask(taskId: string, state: object): Task {
	const { model, seconds, width, height } = detailsOf(taskId);
	const created_at = Math.floor(Date.now() / 1_000);
	const size = `${width}x${height}`;
	const answer = { object: 'video', model, created_at, ...state, seconds, size };
	const price = { quota: 0, currency: { name: 'USD', perQuota: 1 } };
	return { ...(parseTask(answer, API_URL, taskId) as Task), price, test: true };
}

function detailsOf(taskId: string): typeof DEFAULTS {
	return { ...DEFAULTS, ...TEST_ID.exec(taskId)?.groups };
}

/** Converts a value to a part of an ID. Expressions and Extra API Fields can return anything. */
function idPart(value: unknown): string {
	const start = String(value ?? '').slice(0, 100);
	return start.replace(/[^\w.:/-]/g, '-');
}
