import { contentError, modelError, taskError } from './answers';
import type { Route } from './faults';
import { videoFor } from './fixtures';
import { refuseRequest } from './gatewayRules';
import { html, json, type Reply } from './http';
import { priceOf } from './key';
import { refuseByModel } from './modelRules';
import type { Handler, State } from './routes';
import { createTask, describeNew, describeTask, type SandboxTask } from './tasks';
import { describeVerdict, verdictOf } from './verdict';

/** A signed URL is valid for at least 12 hours (docs/API.md, "Query a task"). */
const SIGNATURE_LIFETIME_MS = 12 * 3_600_000;

type VideoRoute = Extract<Route, 'submit' | 'check' | 'verdict' | 'content' | 'file'>;

/** Creates the handlers of the routes of tasks and their files. */
export function videoHandlers(state: State): Record<VideoRoute, Handler> {
	return {
		submit: (entry) => {
			const body = entry.body as Record<string, unknown>;
			const refusal = refuseRequest(entry) ?? refuseQuota(state, body);
			if (refusal) return refusal;
			const reason = refuseByModel(body);
			if (reason) return modelError(400, { error: { ...reason, type: 'invalid_request_error' } });
			const { tasks, quirks, durationMs } = state;
			const task = createTask(entry, tasks.length + 1, quirks, state.now(), durationMs);
			tasks.push(task);
			state.key.afterCharge(state.spent);
			return json(200, describeNew(task, quirks));
		},

		check: (_entry, [, id]) => {
			const task = state.find(id);
			return task ? json(200, describe(state, task)) : unknownTask();
		},

		verdict: (_entry, [, id]) => {
			const task = state.find(id);
			if (!task) return unknownTask();
			const url = contentUrl(state, task);
			const isHere = state.quirks.videoUrl === 'verdict';
			const file = isHere ? signedUrl(state, task) : undefined;
			return json(200, describeVerdict(task, state.now(), url, describe(state, task), file));
		},

		content: (_entry, [, id]) => {
			const task = state.find(id);
			if (!task) return contentError(404, 'Task not found');
			const status = verdictOf(task, state.now());
			if (status !== 'SUCCESS') {
				return contentError(400, `Task is not completed yet, current status: ${status}`);
			}
			if (state.quirks.videoUrl !== 'redirect') return videoOf(state, task);
			const headers = { location: signedUrl(state, task) };
			return { status: 302, headers, body: Buffer.alloc(0) };
		},

		file: ({ path }, [, name = '']) => {
			const upload = state.uploads.get(name);
			if (upload) {
				return { status: 200, headers: { 'content-type': upload.type }, body: upload.bytes };
			}
			const [, signedAt = state.now()] = path.match(/signature=sandbox(\d+)$/) ?? [];
			if (state.now() - Number(signedAt) > SIGNATURE_LIFETIME_MS)
				return fileError(403, 'AccessDenied');
			const task = state.find(name);
			return task ? videoOf(state, task) : fileError(404, 'NoSuchKey');
		},
	};
}

/**
 * Refuses a submission that exceeds the quota. The gateway checks the quota and charges before it
 * calls the model.
 */
function refuseQuota({ key, spent }: State, request: Record<string, unknown>): Reply | undefined {
	const [left, price] = [key.left(spent), priceOf(request)];
	if (left >= price) return undefined;
	const [has, needs] = [left, price].map((units) => `＄${(units / 500_000).toFixed(6)}`);
	const message = `token quota is not enough, token remain quota: ${has}, need quota: ${needs}`;
	return taskError(403, 'pre_consume_token_quota_failed', message);
}

function unknownTask(): Reply {
	return taskError(400, 'task_not_exist', 'task_not_exist');
}

function describe(state: State, task: SandboxTask): Record<string, unknown> {
	const content = contentUrl(state, task);
	const file = signedUrl(state, task);
	return describeTask(task, state.quirks, state.now(), {
		fileHost: file,
		metadata: file,
		data: file,
		proxy: content,
		redirect: content,
	});
}

function contentUrl({ url }: State, { id }: SandboxTask): string {
	return `${url}/v1/videos/${encodeURIComponent(id)}/content`;
}

function signedUrl({ fileHost, now }: State, { id }: SandboxTask): string {
	return `${fileHost}/files/${encodeURIComponent(id)}.mp4?signature=sandbox${now()}`;
}

/** Creates an error in the format of common file hosts. */
function fileError(status: number, code: string): Reply {
	return html(status, `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
}

function videoOf({ video }: State, task: SandboxTask): Reply {
	return {
		status: 200,
		headers: { 'content-type': 'video/mp4' },
		body: video ?? videoFor(task.request),
	};
}
