import { inQuotes } from '../../api/envelope';
import { OctopusXError, type Result } from '../../api/errors';
import { contentUrl, findAddress, hasFailed, NO_REASON } from '../../api/task';
import type { Failure, Task } from '../../api/task';
import type { VideoFacts } from '../../files/mp4';
import { ratioOf, SHORT_SIDES, type Job } from '../../job';
import { now } from '../../timing/time';
import { chargeOf, failed, FIX_AND_RUN, NO_VIDEO } from '../state/item';
import type { Delivered, Failed, Ready } from '../state/item';
import type { ItemScope } from '../state/scope';
import { requestTask, requestVerdict, withPrice } from './check';
import { download, storeSample, type StoredVideo } from './download';

/** Extensions of videos. In "my.video" or "of 5.June", the part after the dot belongs to the name. */
const EXTENSION = /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|ogv|3gp|wmv|flv|ts)$/i;

/** Reasons that are temporary and not about the request. */
const PASSING =
	/overload|rate.?limit|too many requests|tim(e|ed).?out|busy|capacity|unavailable|超时|繁忙|限流|频率|饱和/i;

export async function deliver(scope: ItemScope, item: Ready): Promise<Delivered | Failed> {
	const { job } = item;
	const { wait, download: settings } = job;
	return await scope.downloads.run(async () => {
		const task = await withVerdict(scope, item.task, wait !== undefined);
		if (hasFailed(task) && wait) {
			scope.claim.noteFailed(task.task_id);
			return failed(item, explainFailure(task), task);
		}
		if (!settings || task.status !== 'completed') return { ...item, state: 'delivered', task };
		const { value, fault, latest } = await downloadVideo(scope, task, settings.fileName);
		if (fault) return failed(item, fault, latest);
		const binary = { [settings.outputField]: value.file };
		const file = { ...value.facts, ...differences(job, value.facts) };
		return { ...item, state: 'delivered', task: { ...latest, file }, binary };
	});
}

function explainFailure(task: Task): OctopusXError {
	const { code = '', message = '' } = task.failure ?? {};
	const advice = PASSING.test(`${code} ${message}`)
		? 'Try again later. This is a new, paid video.'
		: FIX_AND_RUN;
	return new OctopusXError(
		task.status === 'cancelled' ? 'The video was canceled' : NO_VIDEO,
		`OctopusX said: ${inQuotes(message)} (${code}). ${advice}`,
		{ charge: chargeOf(task) },
	);
}

/** Adds what only the verdict knows: the price, a URL that works without the key, or a reason and a refund. */
async function withVerdict(scope: ItemScope, task: Task, asksForRefund: boolean): Promise<Task> {
	const { raw, failure } = task;
	const hasReason = failure?.message !== NO_REASON;
	const isComplete =
		task.status === 'completed'
			? !raw || findAddress(raw, scope.client.apiUrl)
			: !hasFailed(task) || failure?.refunded || (hasReason && !asksForRefund);
	if (isComplete) return await withPrice(scope, task);
	const verdict = await requestVerdict(scope, task);
	if (!hasFailed(task) && hasFailed(verdict)) return verdict;
	const { price } = verdict;
	if (!hasFailed(task)) return { ...task, price, video_url: verdict.video_url ?? task.video_url };
	const reason = hasReason ? failure : undefined;
	const judged = hasFailed(verdict) ? verdict.failure : undefined;
	return { ...task, price, failure: { ...failure, ...judged, ...reason } as Failure };
}

/**
 * Downloads the video from the first URL that works: `video_url`, the one that a new check returns (most are
 * signed for hours only), or the API's content endpoint.
 */
async function downloadVideo(
	scope: ItemScope,
	task: Task,
	fileName: string,
): Promise<Result<StoredVideo> & { latest: Task }> {
	const stem = fileName || task.task_id.replace(/[^\w.-]/g, '_');
	const name = fileName && EXTENSION.test(fileName) ? fileName : `${stem}.mp4`;
	const sample = scope.client.sampleOf?.(task.task_id);
	const faults = new Map<string, OctopusXError>();
	let latest = task;
	const addresses = [
		async () => task.video_url,
		async () => (latest = await refreshTask(scope, task)).video_url,
		async () => contentUrl(scope.client.apiUrl, task.task_id),
	];
	for (const address of addresses) {
		if (scope.signal?.aborted) break;
		const url = await address();
		if (url === undefined || faults.has(url)) continue;
		const { value, fault } = sample
			? await storeSample(scope, sample, name)
			: await download(scope, url, name);
		if (!fault) return { latest, value };
		faults.set(url, fault);
		if (fault.details.isLocal) break;
	}
	const all = [...faults.values()];
	const reasons = new Set(all.map(({ message, description }) => `${message}. ${description}`));
	const fault = new OctopusXError(
		'The video is ready but could not be downloaded',
		[...reasons].join(' '),
		{ ...all.at(-1)?.details, charge: { taskId: task.task_id } },
	);
	return { latest, fault };
}

/** Returns what the file has otherwise than asked. Encoders round sizes and durations a little. */
function differences({ asked, testMode }: Job, facts: VideoFacts): Pick<VideoFacts, 'differs'> {
	// a sample is smaller
	if (!asked || testMode) return {};
	const { width = NaN, height = NaN, duration = NaN } = facts;
	const { resolution = '', aspect_ratio = '', seconds } = asked;
	const isOff = (actual: number, expected = NaN) => Math.abs(actual / expected - 1) > 0.03;
	const differs = [
		isOff(Math.min(width, height), SHORT_SIDES.get(resolution.toLowerCase())) && 'resolution',
		isOff(width / height, ratioOf(aspect_ratio)) && 'aspect_ratio',
		Math.abs(duration - Number(seconds)) > 0.5 && 'duration',
	].filter((name) => name !== false);
	return differs.length > 0 ? { differs } : {};
}

/** Gets a fresh URL of a completed task's file. Returns the given object if a check gets no completed task. */
export async function refreshTask(scope: ItemScope, task: Task): Promise<Task> {
	const { value: fresh } = await requestTask(scope, task, { deadline: now() + 30_000 });
	return fresh?.status === 'completed' ? { ...fresh, price: task.price } : task;
}
