import { fileOf, useDownloads } from './support/downloads';
import { readBinary } from './support/runWorkflow';

/** MP4 files that were cut: a top-level box is larger than what has arrived (ISO/IEC 14496-12). */

const { sandbox, download } = useDownloads();

/** A box with `bytes` bytes of content, which says that it has `size` bytes. */
function box(type: string, bytes: number, size = bytes + 8): Buffer {
	const content = Buffer.alloc(bytes + 8);
	content.writeUInt32BE(size);
	content.write(type, 4, 'latin1');
	return content;
}

/** A box whose size has 64 bits. */
function largeBox(type: string, bytes: number, size: bigint): Buffer {
	const content = Buffer.alloc(bytes + 16);
	content.writeUInt32BE(1);
	content.write(type, 4, 'latin1');
	content.writeBigUInt64BE(size, 8);
	return content;
}

const FTYP = box('ftyp', 16);
const MOOV = box('moov', 200);
const MDAT = box('mdat', 5_000);
const file = (...boxes: Buffer[]) => Buffer.concat(boxes);

/** Downloads this file, which every address has. */
async function fetchFile(body: Buffer) {
	const answer = { status: 200, headers: { 'content-type': 'video/mp4' }, body };
	sandbox.faults.add({ on: 'file', times: Infinity, answer });
	sandbox.faults.add({ on: 'content', times: Infinity, answer });
	return await download();
}

test.each<[string, Buffer]>([
	['in mdat', file(FTYP, MOOV, MDAT.subarray(0, -1))],
	['after half of mdat', file(FTYP, MOOV, MDAT.subarray(0, 2_500))],
	['in moov at the end', file(FTYP, MDAT, MOOV.subarray(0, 100))],
	['in a moov of which only the size and the type arrived', file(FTYP, MDAT, MOOV.subarray(0, 8))],
	['in ftyp', FTYP.subarray(0, 12)],
	['in an mdat with a size of 64 bits', file(FTYP, largeBox('mdat', 100, 200n))],
	['in an mdat of 9 exabytes', file(FTYP, largeBox('mdat', 100, 2n ** 63n))],
	['in an mdat of 4 GB', file(FTYP, box('mdat', 100, 0xffffffff))],
])('a file that is cut %s is not delivered', async (_where, body) => {
	const { error, items } = await fetchFile(body);
	expect(items).toEqual([]);
	expect(error?.message).toBe('The video is ready but could not be downloaded');
	expect(error?.description).toMatch(/did not arrive whole: \d+ of [\d.e+]+ bytes arrived/);
});

const many = (count: number, one: Buffer) => file(FTYP, Buffer.alloc(count * one.length, one));

test.each<[string, Buffer]>([
	['whole', file(FTYP, MOOV, MDAT)],
	['whole, with moov at the end', file(FTYP, MDAT, MOOV)],
	['with an mdat up to its end', file(FTYP, MOOV, box('mdat', 100, 0))],
	['with a whole mdat of 64 bits', file(FTYP, largeBox('mdat', 100, 116n), MOOV)],
	['with text after its last box', file(FTYP, MOOV, MDAT, Buffer.from('made with love'))],
	['with three bytes after its last box', file(FTYP, MOOV, MDAT, Buffer.from('abc'))],
	['with a box of an unknown type', file(FTYP, box('xxxx', 50), MOOV, MDAT)],
	['with a cut box of an unknown type', file(FTYP, MOOV, MDAT, box('free', 5, 500))],
	['with a cut moof', file(FTYP, MOOV, MDAT, box('moof', 5, 500))],
	['with a box that is smaller than its header', file(FTYP, box('free', 50, 3), MOOV)],
	['with a large box of size 0', file(FTYP, largeBox('mdat', 50, 0n))],
	['with a million empty boxes', many(1_000_000, box('free', 0))],
])('a file %s is delivered as it is', async (_what, body) => {
	const start = performance.now();
	const { items } = await fetchFile(body);
	expect((await readBinary(fileOf(items))).equals(body)).toBe(true);
	expect(sandbox.requestsTo('file')).toHaveLength(1);
	expect(performance.now() - start).toBeLessThan(10_000);
});

test('a cut file is fetched again, and the whole one is delivered', async () => {
	const headers = { 'content-type': 'video/mp4' };
	const cut = file(FTYP, MOOV, MDAT.subarray(0, 2_500));
	sandbox.faults.add({ on: 'file', answer: { status: 200, headers, body: cut } });
	const { items } = await download();
	expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
	expect(sandbox.requestsTo('file')).toHaveLength(2);
});
