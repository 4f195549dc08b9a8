import { createHash } from 'crypto';
import { parseTask, type Task } from '../api/task';
import { mapMedia, type PaidRequest } from '../job';
import { SAMPLES } from './samples';

/** No ID of the API begins so: what does is never looked up there. */
const PREFIX = 'test_';

/** Where a relative address would belong to; a sample has none. */
export const API_URL = 'https://octopusx.ai';

/** Shorter sides in pixels, by resolution. */
const SHORT_SIDES: Record<string, number> = { '720p': 720, '1080p': 1080, '2k': 1440, '4k': 2160 };

/** How long the API keeps a file; a sample does not expire, but has all fields of a real video. */
const KEPT_S = 86_400;

/** `test_<model>_<seconds>s_<width>x<height>_<hash>`: all that a later look has to tell. */
const TEST_ID = /^test_(?<model>.+)_(?<seconds>[^_]*)s_(?<width>\d+)x(?<height>\d+)_\w+$/;

/** What is told of an ID that is not from Test Mode: a video as the node makes it unless told. */
const USUAL = { model: 'omni-fast', seconds: '8', width: '1280', height: '720' };

/** Whether a task is one of Test Mode's. */
export function isTestId(taskId: string): boolean {
	return taskId.startsWith(PREFIX);
}

/** The ID under which a look at any task goes on in Test Mode. */
export function asTestId(taskId: string): string {
	return isTestId(taskId) ? taskId : `${PREFIX}${taskId}`;
}

/**
 * The ID of a sample: the same for the same item and request. A file counts with its name and length,
 * as n8n stores it under another name in each execution.
 */
export async function testIdOf(index: number, request: PaidRequest): Promise<string> {
	const { model, seconds, aspect_ratio, resolution, ...others } = {
		...request.fields,
		...request.additionalFields,
	};
	const media = await mapMedia(request.media, async (input) =>
		'url' in input ? input.url : [input.fileName, input.mimeType, input.bytes].join(),
	);
	const hash = createHash('sha256')
		.update(JSON.stringify([index, others, media, aspect_ratio, resolution]))
		.digest('hex')
		.slice(0, 12);
	const size = sizeOf(String(aspect_ratio), String(resolution));
	return `${PREFIX}${wordOf(model)}_${wordOf(seconds)}s_${size}_${hash}`;
}

/** A task as it is right after its submission. */
export function queuedTask(taskId: string): Task {
	return describe(taskId, { status: 'queued' });
}

/** A task that is done: its address holds the sample in the shape that its ID tells. */
export function finishedTask(taskId: string): Task {
	const now = Math.floor(Date.now() / 1_000);
	const { width, height } = readId(taskId);
	const task = describe(taskId, {
		status: 'completed',
		completed_at: now,
		expires_at: now + KEPT_S,
	});
	return { ...task, video_url: sampleFor(Number(width) / Number(height)) };
}

/** @param error as the API tells it */
export function failedTask(taskId: string, error: object): Task {
	return describe(taskId, { status: 'failed', error });
}

/** A task as the API would tell it, and `test: true`. */
function describe(taskId: string, state: object): Task {
	const { model, seconds, width, height } = readId(taskId);
	const answer = {
		object: 'video',
		model,
		created_at: Math.floor(Date.now() / 1_000),
		...state,
		seconds,
		size: `${width}x${height}`,
	};
	return { ...(parseTask(answer, API_URL, taskId) as Task), test: true };
}

function readId(taskId: string): typeof USUAL {
	const found = TEST_ID.exec(taskId)?.groups;
	return { ...USUAL, ...found };
}

/** The sample whose shape is nearest, as a `data:` URI. */
function sampleFor(shape: number): string {
	const distanceTo = (ratio: string) => Math.abs(Math.log(shapeOf(ratio) / shape));
	const [[, nearest] = []] = Object.entries(SAMPLES).sort(
		([a], [b]) => distanceTo(a) - distanceTo(b),
	);
	return `data:video/mp4;base64,${nearest}`;
}

function sizeOf(aspectRatio: string, resolution: string): string {
	const shape = shapeOf(aspectRatio);
	const short = SHORT_SIDES[resolution.toLowerCase()] ?? 720;
	// a video has an even number of pixels on each side
	const long = 2 * Math.round((short * Math.max(shape, 1 / shape)) / 2);
	return shape >= 1 ? `${long}x${short}` : `${short}x${long}`;
}

/** Width by height; that of 16:9 where a text is no ratio. */
function shapeOf(aspectRatio: string): number {
	const [, width, height] = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(aspectRatio.trim()) ?? [];
	const shape = Number(width) / Number(height);
	return shape > 0.01 && shape < 100 ? shape : 16 / 9;
}

/** A value as a part of an ID: it may be anything, as expressions and Additional Fields give it. */
function wordOf(value: unknown): string {
	return String(value ?? '')
		.replace(/[^\w.:/-]/g, '-')
		.slice(0, 100);
}
