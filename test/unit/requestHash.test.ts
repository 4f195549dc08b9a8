import type { FileInput, PaidRequest } from '../../nodes/OctopusXVideo/job';
import { hashOf } from '../../nodes/OctopusXVideo/run/state/ledger';

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

test('a file that is called otherwise in errors is the same request: a retry does not pay again', () => {
	expect(hashOf(request({ label: 'Start Image' }))).toBe(hashOf(request({})));
});

test.each<[string, PaidRequest]>([
	['another file', request({ identity: 'filesystem-v2:b' })],
	['another field of the API', { ...request({}), additionalFields: { label: 'yours' } }],
	['another prompt', { ...request({}), fields: { model: 'omni-fast', prompt: 'a ship' } }],
	['another order', { ...request({}), media: { images: [file, { url: 'https://a.example' }] } }],
])('%s is another request', (_what, other) => {
	expect(hashOf(other)).not.toBe(hashOf(request({})));
});
