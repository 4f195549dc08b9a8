import type { IBinaryData, IDataObject } from 'n8n-workflow';

/**
 * The parameter that makes a node check the videos of another execution, which is suspended: that one's
 * id. It is set in the workflow of a checking execution only.
 */
export const CHECKED_EXECUTION = 'checkedExecution';

/** An image or a video as a user gives it: an address (or `data:` URI), or a file on the item. */
export type MediaInput = { url: string } | FileInput;

export interface FileInput {
	/** What the user knows it by, such as "First Frame"; for errors, and no part of the request. */
	label: string;
	itemIndex: number;
	field: string | IBinaryData;
	mimeType: string;
	fileName: string;
	bytes: number;
	/** n8n's id of the stored file, or a hash of what the item itself carries. */
	identity: string;
}

/** The body of a paid request, files not yet read. */
export interface VideoRequest {
	/** Names and values as in docs/API.md, "Create a task"; `model` and `prompt` among them. */
	fields: Record<string, string>;
	/** The body's media fields, in the order the user gave. */
	media: Record<string, MediaInput | MediaInput[]>;
	/** How files are sent: inside of the body, or to storage of the API's first. */
	sendBinaryAs: 'dataUri' | 'upload';
	/** From the user's JSON; merged into the body last. */
	additionalFields: IDataObject;
}

export interface DownloadSettings {
	/** Name of the binary field on the output item. */
	outputField: string;
	/** Empty for `<task_id>.mp4`. */
	fileName: string;
}

/** What stands in for the API: a video of a few kB for every request, or a refusal. */
export type TestMode = 'sample' | 'failure';

/**
 * The fields of a task that people use, most used first: ten, why it failed, and whether it is no real
 * one. A task has those that are known of it.
 */
export const OUTPUT_FIELDS: readonly string[] = [
	'task_id',
	'status',
	'progress',
	'video_url',
	'model',
	'seconds',
	'size',
	'created_at',
	'completed_at',
	'expires_at',
	'failure',
	'test',
];

/** All there is to do for one item: a task to create or one to look up, and what follows. */
export interface Job {
	source: { request: VideoRequest } | { taskId: string };
	/** How long the item may take, counted from the moment it is its turn. */
	timeoutMs: number;
	/** How many items of the run may be in flight. */
	maxConcurrency: number;
	/** Absent: hand out the task as it is now. */
	wait?: WaitSettings;
	download?: DownloadSettings;
	/** Absent: the API itself. */
	testMode?: TestMode;
	/** The fields of the task that the output item gets, in their order; absent: all, as the API gave them. */
	outputFields?: readonly string[];
}

export interface WaitSettings {
	pollIntervalMs: number;
	/** Whether the execution is suspended while the task goes on. */
	isSuspended: boolean;
}

/** A request's media, each input replaced by what `convert` makes of it, one after the other. */
export async function mapMedia<T>(
	media: VideoRequest['media'],
	convert: (input: MediaInput) => Promise<T>,
): Promise<Record<string, T | T[]>> {
	const converted: Record<string, T | T[]> = {};
	for (const [field, input] of Object.entries(media)) {
		if (!Array.isArray(input)) {
			converted[field] = await convert(input);
			continue;
		}
		const list: T[] = [];
		for (const one of input) list.push(await convert(one));
		converted[field] = list;
	}
	return converted;
}
