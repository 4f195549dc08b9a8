import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';

/** Hidden parameter that marks the node of a checking execution: the ID of the suspended execution. */
export const CHECKED_EXECUTION = 'checkedExecution';

/** What a video can be made from besides its prompt: the beginnings of the fields' names, and their labels. */
export const SOURCES = {
	firstFrame: 'First Frame',
	lastFrame: 'Last Frame',
	referenceImages: 'Reference Images',
	video: 'Video',
};
export type Source = keyof typeof SOURCES;

/** An image or video from the user: a URL, a data URI, or a file on the input item. */
export type MediaInput = { url: string } | FileInput;

export interface FileInput {
	/** The field's display name in errors, such as "First Frame". Not part of the request. */
	label: string;
	itemIndex: number;
	field: string | IBinaryData;
	mimeType: string;
	fileName: string;
	bytes: number;
	/** n8n's ID of the stored file, or a hash of the content if the item itself contains it. */
	identity: string;
}

/** A request that costs money. Its files have not been read yet. */
export interface PaidRequest {
	/** Path of the POST below the API's URL, such as `/v1/videos`. */
	path: string;
	/** Fields of the body, as in docs/API.md, "Create a task". A dot in a name leads into an object. */
	fields: Record<string, string>;
	/** Images and videos by the name of their field, likewise. A list has the user's order. */
	media: Record<string, MediaInput | MediaInput[]>;
	/** How files are sent: inside the body, or uploaded to the API's storage first. */
	sendBinaryAs: 'dataUri' | 'upload';
	/** The user's Extra API Fields. They are merged into the body last, also into its objects. */
	additionalFields: IDataObject;
}

/** What Test Mode returns instead of a real video: a sample of a few kB, or a refused prompt. */
export type TestMode = 'sample' | 'failure';

/** The host of addresses in Test Mode. No such host can exist (RFC 6761). */
export const SAMPLE_HOST = 'test-mode.invalid';

/** Length of a video's shorter side in pixels, by resolution. */
export const SHORT_SIDES = new Map(
	Object.entries({ '720p': 720, '1080p': 1080, '2k': 1440, '4k': 2160 }),
);

/** Returns width divided by height, or `undefined` if the text is not a ratio such as 16:9. */
export function ratioOf(aspectRatio: string): number | undefined {
	const [, width, height] = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(aspectRatio.trim()) ?? [];
	const ratio = Number(width) / Number(height);
	return ratio > 0.01 && ratio < 100 ? ratio : undefined;
}

/** Returns a video's size, such as 1280x720, or `undefined` for other ratios and resolutions. */
export function sizeOf(aspectRatio: string, resolution: string): string | undefined {
	const ratio = ratioOf(aspectRatio);
	const short = SHORT_SIDES.get(resolution.toLowerCase());
	if (!ratio || !short) return undefined;
	// the sides of a video have an even number of pixels
	const long = 2 * Math.round((short * Math.max(ratio, 1 / ratio)) / 2);
	return ratio >= 1 ? `${long}x${short}` : `${short}x${long}`;
}

/** The fields of a simplified task, in output order. Fields without a value are left out. */
export const OUTPUT_FIELDS: readonly string[] = [
	...'task_id status progress video_url prompt model seconds size cost file'.split(' '),
	...'created_at completed_at expires_at failure test'.split(' '),
];

/**
 * Everything to do for one item: create a task or fetch an existing one, then wait and download. Or upload a
 * file, or get the balance of the key, which involves no task.
 */
export interface Job {
	/** `isRequested` is true in Get Status, where the user asks for the task. */
	source:
		| { request: PaidRequest }
		| { taskId: string; isRequested?: boolean }
		| { upload: FileInput }
		| { balance: true };
	/** Time limit for the item, from its start. Time in the queue for Max Concurrency is excluded. */
	timeoutMs: number;
	maxConcurrency: number;
	/** If absent, the task is returned as it is now. With `isSuspended`, n8n suspends the execution meanwhile. */
	wait?: { pollIntervalMs: number; isSuspended: boolean };
	/** `fileName` may be empty. */
	download?: { outputField: string; fileName: string };
	/** What the log, and in a manual run the editor, tells the user once per run. */
	notice?: string;
	/** If absent, the real API is used. */
	testMode?: TestMode;
	/** Only for the output, because the request is not kept. */
	prompt?: string;
	/** What the video is to be like, as far as it is known: the fields of the request. */
	asked?: Partial<Record<'seconds' | 'aspect_ratio' | 'resolution', string>>;
	/** The task's fields for the output item, in this order. If absent, all fields in the API's order. */
	outputFields?: readonly string[];
}

/** Converts each image and video of a request, one at a time. */
export async function mapMedia<T>(
	media: PaidRequest['media'],
	convert: (input: MediaInput) => Promise<T>,
): Promise<Record<string, T | T[]>> {
	const converted: Record<string, T | T[]> = {};
	for (const [field, input] of Object.entries(media)) {
		const list: T[] = [];
		for (const one of [input].flat()) list.push(await convert(one));
		converted[field] = Array.isArray(input) ? list : (list[0] as T);
	}
	return converted;
}

export function isToolCall(context: IExecuteFunctions): boolean {
	// agents of n8n 2.x run a tool as a separate node type, in a context that does not say so
	return context.isToolExecution?.() || context.getNode().type.endsWith('Tool');
}
