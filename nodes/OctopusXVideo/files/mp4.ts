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

/** At most this much of a box's content is read, in bytes: that of a long `tkhd`, up to its matrix. */
const FIELD_BYTES = 80;

/** Limits for the work that a file causes. A real file has a few boxes, or a few per fragment. */
const MAX_BOXES = 100_000;
const MAX_DEFAULTS = 100;

/** A file that ends inside one of these boxes was cut. */
const WHOLE_BOXES: readonly string[] = 'file/ftyp file/moov file/mdat'.split(' ');

/** Boxes of boxes, as "parent/child". None leads back to a parent, so the list limits the depth. */
const CONTAINERS: readonly string[] =
	'file/moov file/moof moov/trak trak/mdia mdia/minf minf/stbl moov/mvex moof/traf'.split(' ');

interface Box {
	type: string;
	/** Where the content begins. */
	start: number;
	/** Where the next box begins; `Infinity` if this one reaches to the end of the file. */
	end: number;
}

/** Yields the parts of the file that it needs, in their order. Gets their bytes, which the next ones overwrite. */
type Parsing<T> = Generator<[at: number, bytes: number], T, Buffer>;

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
	/** False if `moov` has a part that cannot be read. */
	isWhole = true;
	/** Where `moov` ends, if all of it could be read. */
	end = Infinity;
	timescale = NaN;
	time = NaN;
	/** Present if fragments may follow: `time` does not include them. */
	totalTime?: number;
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
	'mdia/hdlr': (movie, fields) => {
		const handler = (movie.track.handler = fields.toString('latin1', 8, 12));
		if (handler === 'soun') movie.hasAudio = true;
		if (handler === 'vide' && movie.video.handler === '') movie.video = movie.track;
	},
	// of its first entry, which begins alike in QuickTime
	'stbl/stsd': ({ track }, fields) => {
		const size = uint32(fields, 40);
		[track.width, track.height] = [size >>> 16, size & 0xffff];
	},
	'stbl/stsz': ({ track }, fields) => (track.samples = uint32(fields, 8)),
	'traf/tfhd': ({ defaults, fragment }, fields) => {
		const flags = uint32(fields, 0);
		fragment.trackId = uint32(fields, 4);
		// behind the offset of the data, and the index of the sample description
		const at = 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
		fragment.sampleTime = flags & 8 ? uint32(fields, at) : (defaults.get(fragment.trackId) ?? NaN);
	},
	'traf/trun': ({ fragment, fragments, video }, fields) => {
		const samples = uint32(fields, 4);
		if (fragment.trackId !== video.id || !(samples > 0)) return;
		fragments.samples += samples;
		// with this flag, a table has the time of each sample
		fragments.time += uint32(fields, 0) & 0x100 ? NaN : samples * fragment.sampleTime;
	},
};

/**
 * Reads the facts of an MP4 or QuickTime file (ISO/IEC 14496-12) while its chunks pass by. Holds a few numbers
 * and 80 bytes, whatever the file contains, and never throws.
 */
export class Mp4Reader {
	/** Where the last top-level `ftyp`, `moov` or `mdat` with a stated size ends. A shorter file was cut. */
	end = 0;
	private position = 0;
	private readonly held = Buffer.alloc(FIELD_BYTES);
	private heldBytes = 0;
	private boxes = 0;
	private moovs = 0;
	private readonly movie = new Movie();
	private readonly parsing = this.readBoxes({ type: 'file', start: 0, end: Infinity });
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
		const { video, fragments, timescale, ...movie } = this.movie;
		const { width, height, isTurned } = video;
		const { samples, time } = fragments.samples === 0 ? video : fragments;
		const numbers = {
			width: isTurned ? height : width,
			height: isTurned ? width : height,
			duration: (movie.totalTime ?? movie.time) / timescale,
			fps: (samples * video.timescale) / time,
		};
		const known = Object.entries(numbers)
			.map(([name, value]) => [name, Math.round(100 * value) / 100] as const)
			.filter(([, value]) => value > 0 && value < Infinity);
		const isAudioKnown = movie.hasAudio || movie.end <= this.position;
		const audio = isAudioKnown ? { audio: movie.hasAudio } : {};
		return { ...Object.fromEntries(known), ...audio, bytes: this.position };
	}

	/** Reads the boxes in a box, or in the file. */
	private *readBoxes({ type, start, end }: Box): Parsing<void> {
		// fewer bytes than a header are padding
		for (let at = start; at + HEADER_BYTES <= end;) {
			const box = yield* readHeader(at, end);
			if (box.end > end || ++this.boxes > MAX_BOXES) {
				this.movie.isWhole = false;
				return;
			}
			yield* this.readBox(`${type}/${box.type}`, box);
			at = box.end;
		}
	}

	private *readBox(path: string, box: Box): Parsing<void> {
		const { movie } = this;
		if (WHOLE_BOXES.includes(path) && box.end < Infinity) this.end = box.end;
		// players ignore a second one as well
		if (path === 'file/moov' && this.moovs++ > 0) return;
		if (path === 'moov/trak') movie.track = new Track();
		if (path === 'moov/mvex') movie.totalTime = NaN;
		const bytes = Math.min(FIELD_BYTES, box.end - box.start);
		if (CONTAINERS.includes(path)) yield* this.readBoxes(box);
		else FIELDS[path]?.(movie, yield [box.start, bytes]);
		// a compressed movie (QuickTime), or a track of an unknown kind
		if (path === 'moov/cmov') movie.isWhole = false;
		if (path === 'moov/trak' && movie.track.handler === '') movie.isWhole = false;
		if (path === 'file/moov' && movie.isWhole) movie.end = box.end;
	}
}

/** Reads the start of a box in a parent that ends at `limit`. */
function* readHeader(at: number, limit: number): Parsing<Box> {
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
	const [time, bits] = isLong(fields) ? [uint64(fields, at), 64] : [uint32(fields, at), 32];
	return time === 2 ** bits - 1 ? NaN : time;
}

/** `NaN` if the box is shorter. */
function uint32(fields: Buffer, at: number): number {
	return at + 4 <= fields.length ? fields.readUInt32BE(at) : NaN;
}

/** Rounded to 53 bits. */
function uint64(fields: Buffer, at: number): number {
	return uint32(fields, at) * 2 ** 32 + uint32(fields, at + 4);
}
