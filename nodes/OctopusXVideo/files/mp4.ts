/** What the boxes of a video file tell about it. What they do not tell, or what cannot be read, is absent. */
export interface VideoFacts {
	/** The coded size in pixels, the way up that it is shown: swapped if the track is turned by 90° or 270°. */
	width?: number;
	height?: number;
	/** In seconds, with two decimals. */
	duration?: number;
	/** Average frames per second, with two decimals. */
	fps?: number;
	/** False only if the file certainly has no audio track. */
	audio?: boolean;
	/** Size of the file. */
	bytes: number;
	/** Which of these are otherwise than asked: `resolution`, `aspect_ratio`, `duration`. The reader sets none. */
	differs?: string[];
}

/** Length of the size and type of a box, and of the larger size that may follow them, in bytes. */
const HEADER_BYTES = 8;

/** At most this much of a box's fields is read, in bytes. The longest are those of `tkhd`, up to its matrix. */
const FIELD_BYTES = 80;

/** Limits for the work that a file causes. A real file has a few boxes, or a few per fragment. */
const MAX_TOP_BOXES = 10_000;
/** Boxes inside others, and samples of fragments. */
const MAX_STEPS = 100_000;
const MAX_DEFAULTS = 100;

/** A file that ends inside one of these boxes was cut. */
const WHOLE_BOXES: readonly string[] = ['ftyp', 'moov', 'mdat'];

/** Boxes of boxes, as "parent/child". None leads back to a parent, so the list limits the depth. */
const CONTAINERS: readonly string[] =
	'moov/trak trak/mdia mdia/minf minf/stbl moov/mvex moof/traf'.split(' ');

interface Box {
	type: string;
	/** Where the content begins. */
	start: number;
	/** Where the next box begins; `Infinity` if this one reaches to the end of the file. */
	end: number;
}

/** A part of the file. */
type Part = [at: number, bytes: number];

/** Yields the parts that it needs, in their order, and gets their bytes, which the next ones overwrite. */
type Parsing<T> = Generator<Part, T, Buffer>;

/** Numbers that are not known are `NaN`. Times are in units of the track or movie, `timescale` per second. */
class Track {
	id = NaN;
	handler = '';
	width = NaN;
	height = NaN;
	/** True if the track is turned by 90° or 270°. */
	isTurned = false;
	timescale = NaN;
	time = NaN;
	samples = NaN;
}

/** What has been read so far. */
class Movie {
	/** Where `moov` ends, if all of it could be read. */
	end = Infinity;
	timescale = NaN;
	time = NaN;
	/** True if fragments may follow. `time` does not include them, `totalTime` does. */
	isFragmented = false;
	totalTime = NaN;
	hasAudio = false;
	/** The first video track. */
	video = new Track();
	/** The track that is being read. */
	track = new Track();
	/** How long a sample lasts, by track, in fragments that do not say so. */
	readonly defaults = new Map<number, number>();
	/** The part of a fragment that is being read. */
	readonly fragment = { trackId: NaN, sampleTime: NaN };
	/** The samples of the video track in fragments. */
	readonly fragments = { samples: 0, time: 0 };
	steps = 0;
}

/** How the fields of a box are read, by "parent/child". Numbers are positions in its content. */
const FIELDS: Readonly<Record<string, (movie: Movie, fields: Buffer) => void>> = {
	'moov/mvhd': (movie, fields) => void Object.assign(movie, timesOf(fields)),
	'mvex/mehd': (movie, fields) => (movie.totalTime = timeAt(fields, 4)),
	'mvex/trex': ({ defaults }, fields) => {
		if (defaults.size < MAX_DEFAULTS) defaults.set(uint32(fields, 4), uint32(fields, 12));
	},
	'trak/tkhd': ({ track }, fields) => {
		track.id = uint32(fields, isLong(fields) ? 20 : 12);
		// the matrix is a b u, c d v, x y w; a turn by 90° or 270°, mirrored or not, leaves only b and c
		const matrix = isLong(fields) ? 52 : 40;
		const [a, b, c, d] = [0, 4, 12, 16].map((at) => uint32(fields, matrix + at));
		track.isTurned = a === 0 && d === 0 && b !== 0 && c !== 0;
	},
	'mdia/mdhd': ({ track }, fields) => void Object.assign(track, timesOf(fields)),
	'mdia/hdlr': ({ track }, fields) => (track.handler = fields.toString('latin1', 8, 12)),
	// of its first entry, which begins alike in QuickTime
	'stbl/stsd': ({ track }, fields) => {
		const size = uint32(fields, 40);
		[track.width, track.height] = [size >>> 16, size & 0xffff];
	},
	'stbl/stsz': ({ track }, fields) => (track.samples = uint32(fields, 8)),
	// the same with shorter sizes
	'stbl/stz2': ({ track }, fields) => (track.samples = uint32(fields, 8)),
	'traf/tfhd': ({ defaults, fragment }, fields) => {
		const flags = uint32(fields, 0);
		fragment.trackId = uint32(fields, 4);
		// behind the offset of the data, and the index of the sample description
		const at = 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
		fragment.sampleTime = flags & 8 ? uint32(fields, at) : (defaults.get(fragment.trackId) ?? NaN);
	},
};

/**
 * Reads the facts of an MP4 or QuickTime file (ISO/IEC 14496-12) while its chunks pass by. Holds a few numbers
 * and 80 bytes, whatever the file and its tables contain, and never throws.
 */
export class Mp4Reader {
	/** Where the last top-level `ftyp`, `moov` or `mdat` with a stated size ends. A shorter file was cut. */
	end = 0;
	private position = 0;
	private readonly held = Buffer.alloc(FIELD_BYTES);
	private heldBytes = 0;
	private readonly movie = new Movie();
	private readonly parsing = this.parse();
	private part = this.parsing.next().value;

	read(chunk: Buffer): void {
		const chunkStart = this.position;
		this.position += chunk.length;
		while (this.part) {
			const [at, bytes] = this.part;
			const start = at + this.heldBytes - chunkStart;
			if (start >= chunk.length) return;
			const missing = bytes - this.heldBytes;
			const piece = chunk.subarray(start, start + missing);
			// a copy, because a view would keep the whole chunk in memory
			this.held.set(piece, this.heldBytes);
			this.heldBytes += piece.length;
			if (piece.length < missing) return;
			this.heldBytes = 0;
			this.part = this.parsing.next(this.held.subarray(0, bytes)).value;
		}
	}

	get facts(): VideoFacts {
		const { video, fragments, isFragmented, timescale, ...movie } = this.movie;
		const { width, height, isTurned } = video;
		const { samples, time } = fragments.samples === 0 ? video : fragments;
		const numbers = {
			width: isTurned ? height : width,
			height: isTurned ? width : height,
			duration: (isFragmented ? movie.totalTime : movie.time) / timescale,
			fps: (samples * video.timescale) / time,
		};
		const known = Object.entries(numbers)
			.map(([name, value]) => [name, Math.round(100 * value) / 100] as const)
			.filter(([, value]) => value > 0 && value < Infinity);
		const isAudioKnown = movie.hasAudio || movie.end <= this.position;
		const audio = isAudioKnown ? { audio: movie.hasAudio } : {};
		return { ...Object.fromEntries(known), ...audio, bytes: this.position };
	}

	private *parse(): Generator<Part, undefined, Buffer> {
		const { movie } = this;
		let hasMoov = false;
		for (let at = 0, count = 0; count < MAX_TOP_BOXES; count++) {
			const box = yield* readHeader(at);
			const { type, end } = box;
			if (WHOLE_BOXES.includes(type) && end < Infinity) this.end = end;
			if (type === 'moof') yield* readBoxes(movie, box);
			// players ignore a second one as well
			if (type === 'moov' && !hasMoov) {
				hasMoov = true;
				if (yield* readBoxes(movie, box)) movie.end = end;
			}
			at = end;
		}
		return undefined;
	}
}

/** Reads the start of a box in a parent that ends at `limit`. */
function* readHeader(at: number, limit = Infinity): Parsing<Box> {
	const header = yield [at, HEADER_BYTES];
	const type = header.toString('latin1', 4, HEADER_BYTES);
	let size = uint32(header, 0);
	let start = at + HEADER_BYTES;
	if (size === 1 && start + HEADER_BYTES <= limit) {
		size = uint64(yield [start, HEADER_BYTES], 0);
		start += HEADER_BYTES;
	}
	// 0 stands for the rest of the file, and other small ones are wrong
	return { type, start, end: at + size >= start ? at + size : Infinity };
}

/** Reads the boxes in a box. Returns true if all of them could be read. */
function* readBoxes(movie: Movie, parent: Box): Parsing<boolean> {
	let isWhole = true;
	// fewer bytes than a header are padding
	for (let at = parent.start; at + HEADER_BYTES <= parent.end;) {
		if (++movie.steps > MAX_STEPS) return false;
		const box = yield* readHeader(at, parent.end);
		if (box.end > parent.end) return false;
		isWhole = (yield* readBox(movie, `${parent.type}/${box.type}`, box)) && isWhole;
		at = box.end;
	}
	return isWhole;
}

function* readBox(movie: Movie, path: string, box: Box): Parsing<boolean> {
	if (path === 'moov/trak') return yield* readTrack(movie, box);
	if (path === 'traf/trun') return yield* readRun(movie, box);
	if (path === 'moov/mvex') movie.isFragmented = true;
	if (CONTAINERS.includes(path)) return yield* readBoxes(movie, box);
	const readFields = FIELDS[path];
	if (readFields) readFields(movie, yield partOf(box, FIELD_BYTES));
	// a compressed movie (QuickTime)
	return path !== 'moov/cmov';
}

function* readTrack(movie: Movie, box: Box): Parsing<boolean> {
	const track = (movie.track = new Track());
	const isWhole = yield* readBoxes(movie, box);
	if (track.handler === 'vide' && movie.video.handler === '') movie.video = track;
	if (track.handler === 'soun') movie.hasAudio = true;
	return isWhole && track.handler !== '';
}

/** Counts the samples of a fragment that belong to the video track. */
function* readRun(movie: Movie, box: Box): Parsing<boolean> {
	const { fragment, fragments, video } = movie;
	const fields = yield partOf(box, 8);
	const [flags, samples] = [uint32(fields, 0), uint32(fields, 4)];
	if (fragment.trackId !== video.id || !(samples > 0)) return true;
	if (!(flags & 0x100)) {
		fragments.samples += samples;
		fragments.time += samples * fragment.sampleTime;
		return true;
	}
	// each sample has a duration, and up to three other fields
	const stride = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
	let at = box.start + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
	for (let n = 0; n < samples && at + 4 <= box.end; n++, at += stride) {
		if (++movie.steps > MAX_STEPS) return false;
		fragments.time += uint32(yield [at, 4], 0);
		fragments.samples++;
	}
	return true;
}

function partOf({ start, end }: Box, bytes: number): Part {
	return [start, Math.min(end - start, bytes)];
}

/** `mvhd`, `mdhd` and others have longer fields in their version 1. */
function isLong(fields: Buffer): boolean {
	return fields[0] === 1;
}

/** The timescale and duration of `mvhd` or `mdhd`. */
function timesOf(fields: Buffer): Pick<Track, 'timescale' | 'time'> {
	const at = isLong(fields) ? 20 : 12;
	return { timescale: uint32(fields, at), time: timeAt(fields, at + 4) };
}

/** A duration with all its bits set is not known. */
function timeAt(fields: Buffer, at: number): number {
	const [time, unknown] = isLong(fields)
		? [uint64(fields, at), 2 ** 64]
		: [uint32(fields, at), 2 ** 32 - 1];
	return time === unknown ? NaN : time;
}

/** `NaN` if the box is shorter. */
function uint32(fields: Buffer, at: number): number {
	return at + 4 <= fields.length ? fields.readUInt32BE(at) : NaN;
}

/** Rounded to 53 bits. */
function uint64(fields: Buffer, at: number): number {
	return uint32(fields, at) * 2 ** 32 + uint32(fields, at + 4);
}
