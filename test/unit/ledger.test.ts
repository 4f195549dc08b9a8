import type { FileInput, PaidRequest } from '../../nodes/OctopusXVideo/job';
import { uncheckedTask } from '../../nodes/OctopusXVideo/api/task';
import { Claim, hashOf } from '../../nodes/OctopusXVideo/run/state/ledger';

const file: FileInput = {
	label: 'First Frame',
	itemIndex: 0,
	field: 'data',
	mimeType: 'image/png',
	fileName: 'a.png',
	bytes: 3,
	identity: 'filesystem-v2:a',
};

const request = (input: Partial<FileInput>): PaidRequest => ({
	path: '/v1/videos',
	fields: { model: 'omni-fast', prompt: 'a boat' },
	media: { images: [{ url: 'https://example.com/1.png' }, { ...file, ...input }] },
	sendBinaryAs: 'dataUri',
	additionalFields: { label: 'mine' },
});

test('the hash of a request does not depend on the label of a file', () => {
	expect(hashOf(request({ label: 'Start Image' }))).toBe(hashOf(request({})));
});

test.each<[string, PaidRequest]>([
	['file', request({ identity: 'filesystem-v2:b' })],
	['extra API field', { ...request({}), additionalFields: { label: 'yours' } }],
	['prompt', { ...request({}), fields: { model: 'omni-fast', prompt: 'a ship' } }],
	['order of images', { ...request({}), media: { images: [file, { url: 'https://a.example' }] } }],
])('a request with another %s has another hash', (_what, other) => {
	expect(hashOf(other)).not.toBe(hashOf(request({})));
});

test('the hash of a request has 32 hexadecimal digits', () => {
	expect(hashOf(request({}))).toMatch(/^[\da-f]{32}$/);
});

describe('a claim of a ledger entry', () => {
	test('a claim has the latest task ID, and is in doubt until every submission is answered', () => {
		const claim = new Claim({ entries: [] }, 'hash', 0);
		expect([claim.taskId, claim.isInDoubt]).toEqual([undefined, false]);

		const first = claim.noteSubmission();
		const second = claim.noteSubmission();
		first.noteTask(uncheckedTask('a'), 'request');
		expect([claim.taskId, claim.isInDoubt]).toEqual(['a', true]);
		second.noteTask(uncheckedTask('b'), 'request');
		expect([claim.taskId, claim.isInDoubt]).toEqual(['b', false]);
	});

	test('a claim knows both IDs of a task, and exchanges them', () => {
		const claim = new Claim({ entries: [] }, 'hash', 0);
		claim.noteSubmission().noteTask({ task_id: 'a', id: 'b' }, 'request');
		expect([claim.otherIdOf('a'), claim.otherIdOf('b')]).toEqual(['b', undefined]);
		claim.noteOtherId('other', 'c');
		claim.noteOtherId('a', 'b');
		expect([claim.taskId, claim.otherIdOf('b')]).toEqual(['b', 'a']);
	});

	test('a claim falls back to the previous task when the latest one has failed', () => {
		const claim = new Claim({ entries: [] }, 'hash', 0);
		claim.noteSubmission().noteTask(uncheckedTask('a'), 'request');
		claim.noteSubmission().noteTask(uncheckedTask('b'), 'request');
		claim.noteFailed('b');
		claim.noteFailed('other');
		expect(claim.taskId).toBe('a');
	});

	test('a claim is not in doubt about a submission that was rejected', () => {
		const claim = new Claim({ entries: [] }, 'hash', 0);
		claim.noteSubmission().noteRefused();
		expect([claim.taskId, claim.isInDoubt]).toEqual([undefined, false]);
	});

	test('take() claims a single ledger entry that has the hash of its request', () => {
		const memory = {
			entries: [
				{ hash: 'other', taskId: 'a' },
				{ hash: 'hash', taskId: 'b' },
				{ hash: 'hash', taskId: 'c' },
			],
		};
		const claim = new Claim(memory, 'hash', 0);
		claim.take(() => true);
		claim.take(() => true);
		expect(claim.entries).toEqual([{ hash: 'hash', taskId: 'b' }]);
		const third = new Claim(memory, 'third', 0);
		third.take(() => true);
		expect(third.claimed).toBeUndefined();
	});

	test('take() does not claim a ledger entry that another claim holds', () => {
		const memory = { entries: [{ hash: 'hash', taskId: 'a' }] };
		new Claim(memory, 'hash', 0).take(() => true);
		const second = new Claim(memory, 'hash', 0);
		second.take(() => true);
		expect(second.taskId).toBeUndefined();
	});
});
