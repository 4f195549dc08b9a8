import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Mp4Reader, type VideoFacts } from '../../nodes/OctopusXVideo/files/mp4';
import { Limiter } from '../../nodes/OctopusXVideo/timing/limiter';

/** A file that ffmpeg makes: a test picture, with a tone if it has `audio`. */
interface Sample {
	name: string;
	/** The extension decides on MP4, QuickTime or another relative. */
	type?: string;
	/** Encoder of the picture; empty for a file without one. */
	codec?: string;
	size?: string;
	fps?: string;
	seconds?: number;
	/** Encoder of the tone. */
	audio?: string;
	inputs?: string[];
	options?: string[];
	isFragmented?: true;
	/** Changes the finished file. */
	edit?: (file: Buffer) => Buffer;
	/** What is right where ffprobe means something else, or knows more. */
	expected?: Partial<VideoFacts>;
}

const FIXTURE = join(__dirname, '../sandbox/fixtures/landscape.mp4');
const MAP_BOTH = ['-map', '0', '-map', '1'];
const VARIABLE = ['-vf', "select='lt(n,10)+not(mod(n,3))'", '-fps_mode', 'vfr'];

const SAMPLES: Sample[] = [
	{ name: 'H.264' },
	{ name: 'H.264 and AAC', audio: 'aac' },
	{ name: 'H.264 and AAC, faststart', audio: 'aac', options: ['-movflags', '+faststart'] },
	{ name: 'H.264 and MP3', audio: 'libmp3lame' },
	{ name: 'H.264 and AC-3', audio: 'ac3' },
	{ name: 'H.264 and Opus', audio: 'libopus' },
	{ name: 'AAC, then H.264', audio: 'aac', options: ['-map', '1', '-map', '0'] },
	{ name: 'AAC only', type: 'm4a', codec: '', audio: 'aac' },
	{ name: '12 fps', fps: '12' },
	{ name: '23.976 fps', fps: '24000/1001', seconds: 3 },
	{ name: '29.97 fps', fps: '30000/1001', audio: 'aac' },
	{ name: '60 fps', fps: '60' },
	{ name: 'a variable rate', options: [...VARIABLE, '-bf', '0'] },
	{
		name: 'a variable rate with B-frames',
		options: VARIABLE,
		// 15 frames in 1 s; ffprobe counts from the first to the last decoding time, which is 0.84 s
		expected: { fps: 15 },
	},
	{ name: '0.2 seconds', seconds: 0.2, audio: 'aac' },
	{ name: '20 seconds', seconds: 20, fps: '12', audio: 'aac' },
	{ name: 'one frame', seconds: 0.04 },
	{ name: 'more audio than video', inputs: tone(3), options: [...MAP_BOTH, '-c:a', 'aac'] },
	{ name: 'portrait', size: '72x128' },
	// the size stays the coded one
	{ name: 'pixels that are not square', options: ['-vf', 'setsar=4/3'] },
	...[90, 180, 270].flatMap((degrees) => [
		{ name: `a turn by ${degrees}°`, edit: turn(degrees, 1) },
		{ name: `a mirrored turn by ${degrees}°`, edit: turn(degrees, -1) },
	]),
	{ name: 'no B-frames', options: ['-bf', '0'] },
	{ name: 'no edit lists', audio: 'aac', options: ['-use_editlist', '0'] },
	{ name: 'a late start', audio: 'aac', options: ['-output_ts_offset', '1'] },
	{
		name: 'a cut without encoding',
		codec: 'copy',
		inputs: ['-ss', '0.7', '-i', FIXTURE],
		// ffprobe divides all frames by the duration of those that the edit list shows
		expected: { fps: 12 },
	},
	{ name: 'an odd timescale', options: ['-video_track_timescale', '90001'] },
	{
		name: 'a media time of 64 bits',
		seconds: 5,
		options: ['-video_track_timescale', '1000000000'],
	},
	{
		name: 'times of 64 bits',
		// ffmpeg writes them in `mdhd` only
		edit: (file) => {
			const wide = widen(file, ['moov'], 'mvhd', 4);
			return turn(90, 1)(widen(wide, ['moov', 'trak'], 'tkhd', 8));
		},
	},
	{ name: 'a long comment', options: ['-metadata', `comment=${'x'.repeat(9_000)}`] },
	{ name: 'hint tracks', audio: 'aac', options: ['-movflags', '+faststart+rtphint'] },
	{ name: 'a timecode track', type: 'mov', options: ['-timecode', '01:00:00:00'] },
	{ name: 'subtitles', inputs: ['-i', 'subtitles.srt'], options: ['-c:s', 'mov_text'] },
	{ name: 'two video tracks', inputs: picture('64x36', '10', 1), options: MAP_BOTH },
	{
		name: 'a cover',
		inputs: picture('64x64', '1', 1),
		options: [...MAP_BOTH, '-c:v:1', 'mjpeg', '-bf:v:1', '0', '-disposition:v:1', 'attached_pic'],
	},
	{ name: 'M4V', type: 'm4v', audio: 'aac' },
	{ name: 'F4V', type: 'f4v', audio: 'aac' },
	{ name: '3GP', type: '3gp' },
	{ name: 'H.265', codec: 'libx265', options: ['-x265-params', 'log-level=0'] },
	{ name: 'MPEG-2', codec: 'mpeg2video' },
	{ name: 'MPEG-4', codec: 'mpeg4', audio: 'aac' },
	{ name: 'MPEG-4 of an odd size', codec: 'mpeg4', size: '127x71' },
	{ name: 'Xvid', codec: 'libxvid' },
	{ name: 'H.263', type: '3gp', codec: 'h263', size: '128x96' },
	{ name: 'VP9', codec: 'libvpx-vp9', options: ['-deadline', 'realtime', '-cpu-used', '8'] },
	{ name: 'VP9 of an odd size', codec: 'libvpx-vp9', size: '127x71', seconds: 0.4 },
	{ name: 'AV1', codec: 'libaom-av1', seconds: 0.4, options: ['-cpu-used', '8'] },
	{ name: 'AV1 by SVT', codec: 'libsvtav1', seconds: 0.4, options: ['-preset', '12'] },
	{ name: 'MJPEG in QuickTime', type: 'mov', codec: 'mjpeg', audio: 'pcm_s16le' },
	{ name: 'MJPEG of an odd size in QuickTime', type: 'mov', codec: 'mjpeg', size: '127x71' },
	{ name: 'ProRes in QuickTime', type: 'mov', codec: 'prores_ks', audio: 'pcm_s16le' },
	{ name: 'raw video in QuickTime', type: 'mov', codec: 'rawvideo' },
	{ name: 'Animation in QuickTime', type: 'mov', codec: 'qtrle' },
	{ name: 'PNG in QuickTime', type: 'mov', codec: 'png' },
	...[
		{ name: 'fragments', audio: 'aac', options: ['frag_keyframe+empty_moov'] },
		{ name: 'fragments for DASH', audio: 'aac', options: ['frag_keyframe+dash'] },
		{ name: 'fragments for CMAF', audio: 'aac', options: ['frag_keyframe+cmaf'] },
		{
			name: 'fragments by track',
			audio: 'aac',
			options: ['frag_keyframe+empty_moov+separate_moof'],
		},
		{ name: 'fragments of one frame', options: ['frag_every_frame+empty_moov'] },
		{ name: 'fragments after the first', options: ['frag_keyframe'] },
		{
			name: 'fragments of a variable rate',
			options: ['frag_keyframe+empty_moov', ...VARIABLE],
			// the tables of sample times in fragments are not read
			expected: { fps: undefined },
		},
		{
			name: 'fragments with a stated duration',
			seconds: 1.2,
			options: ['frag_keyframe+empty_moov+default_base_moof'],
			// ffmpeg writes no `mehd`
			edit: (file: Buffer) => insertBox(file, ['moov', 'mvex'], 'mehd', [0, 1_200]),
			expected: { duration: 1.2 },
		},
		{
			name: 'Smooth Streaming',
			type: 'ismv',
			audio: 'aac',
			options: ['frag_keyframe'],
			// it has such tables, too
			expected: { fps: undefined },
		},
	].map(({ options, ...sample }) => ({
		...sample,
		isFragmented: true as const,
		options: ['-g', '10', '-movflags', ...options],
	})),
];

function picture(size: string, fps: string, seconds: number): string[] {
	return ['-f', 'lavfi', '-i', `testsrc=s=${size}:r=${fps}:d=${seconds}`];
}

function tone(seconds: number): string[] {
	return ['-f', 'lavfi', '-i', `sine=d=${seconds}`];
}

/** Sets the matrix of the first track, because versions of ffmpeg differ in how to ask for it. */
function turn(degrees: number, mirror: number) {
	const cos = Math.round(Math.cos((degrees * Math.PI) / 180));
	const sin = Math.round(Math.sin((degrees * Math.PI) / 180));
	return (file: Buffer): Buffer => {
		const content = file.indexOf('tkhd') + 4;
		const matrix = content + (file[content] === 1 ? 52 : 40);
		[cos * mirror, sin * mirror, 0, -sin, cos].forEach((value, n) =>
			file.writeInt32BE(65_536 * value, matrix + 4 * n),
		);
		return file;
	};
}

/** Gives a box its version 1, whose two dates and, `between` bytes later, duration have 64 bits. */
function widen(file: Buffer, parents: string[], type: string, between: number): Buffer {
	const start = file.indexOf(type, file.indexOf(parents.at(-1) as string)) + 4;
	const dates = start + 4;
	const duration = dates + 8 + between;
	file[start] = 1;
	grow(file, [...parents, type], 12);
	const zero = Buffer.alloc(4);
	const parts = [dates, dates + 4, duration].map((at, n, all) => [
		file.subarray(all[n - 1] ?? 0, at),
		zero,
	]);
	return Buffer.concat([...parts.flat(), file.subarray(duration)]);
}

/** Inserts a box of 32-bit numbers at the beginning of nested boxes. */
function insertBox(file: Buffer, parents: string[], type: string, numbers: number[]): Buffer {
	const box = Buffer.alloc(8 + 4 * numbers.length);
	[box.length, 0, ...numbers].forEach((value, n) => box.writeUInt32BE(value, 4 * n));
	box.write(type, 4, 'latin1');
	const at = grow(file, parents, box.length);
	return Buffer.concat([file.subarray(0, at), box, file.subarray(at)]);
}

/** Increases the stated sizes of nested boxes. Returns where the content of the last one begins. */
function grow(file: Buffer, path: string[], bytes: number): number {
	let at = 0;
	for (const type of path) {
		at = file.indexOf(type, at) + 4;
		file.writeUInt32BE(file.readUInt32BE(at - 8) + bytes, at - 8);
	}
	return at;
}

interface Stream {
	codec_type: string;
	width: number;
	height: number;
	duration?: string;
	nb_frames?: string;
	/** A fraction. */
	avg_frame_rate: string;
	side_data_list?: Array<{ rotation?: number }>;
}

type Result = [VideoFacts, { format: { duration: string; size: string }; streams: Stream[] }];

async function make(sample: Sample, folder: string): Promise<Result> {
	const { name, type = 'mp4', codec = 'libx264', size = '128x72', fps = '25' } = sample;
	const { seconds = 1, audio, inputs = [], options = [], edit } = sample;
	const path = join(folder, `${name}.${type}`);
	await promisify(execFile)(
		'ffmpeg',
		[
			...['-v', 'error'],
			...(codec && codec !== 'copy' ? picture(size, fps, seconds) : []),
			...(audio ? tone(seconds) : []),
			...inputs,
			...(codec ? ['-c:v', codec] : []),
			...(codec === 'libx264' ? ['-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '2'] : []),
			...(audio ? ['-c:a', audio] : []),
			...options,
			path,
		],
		{ cwd: folder },
	);
	if (edit) await writeFile(path, edit(await readFile(path)));
	const probe = ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', path];
	const { stdout } = await promisify(execFile)('ffprobe', probe);
	const reader = new Mp4Reader();
	const file = await readFile(path);
	for (let at = 0; at < file.length; at += 1_000) reader.read(file.subarray(at, at + 1_000));
	expect(reader.end).toBeLessThanOrEqual(file.length);
	return [reader.facts, JSON.parse(stdout) as Result[1]];
}

/** True if `ffmpeg` and `ffprobe` are installed. */
const hasTools = ['ffmpeg', 'ffprobe'].every((tool) => !spawnSync(tool, ['-version']).error);

(hasTools ? describe : describe.skip)('compared with ffprobe (skipped if it is missing)', () => {
	const encoders = spawnSync('ffmpeg', ['-v', 'error', '-encoders']).stdout?.toString() ?? '';
	const isPossible = ({ codec = '', audio = '' }: Sample) =>
		[codec, audio].every((name) => ['', 'copy'].includes(name) || encoders.includes(` ${name} `));
	const samples = SAMPLES.filter((sample) => isPossible(sample));
	const results = new Map<string, Promise<Result>>();
	let folder = '';

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'octopusx-ffprobe-'));
		const line = '1\n00:00:00,000 --> 00:00:00,500\nAhoy\n';
		await writeFile(join(folder, 'subtitles.srt'), line);
		const limiter = new Limiter(2);
		for (const sample of samples) {
			results.set(
				sample.name,
				limiter.run(async () => await make(sample, folder)),
			);
		}
		await Promise.allSettled(results.values());
	}, 120_000);
	afterAll(async () => await rm(folder, { recursive: true }));

	test('this ffmpeg has the encoders for at least 30 files', () => {
		expect(samples.length).toBeGreaterThanOrEqual(30);
	});

	test.each(samples)('the facts of a file with $name are those of ffprobe', async (sample) => {
		const { name, isFragmented, expected } = sample;
		const [{ duration, fps, ...facts }, { format, streams }] = (await results.get(name)) as Result;
		const video = streams.find(({ codec_type }) => codec_type === 'video');
		const { rotation = 0 } = video?.side_data_list?.find((data) => 'rotation' in data) ?? {};
		const isTurned = Math.abs(rotation) === 90;
		expect(facts).toEqual({
			...(video && {
				width: isTurned ? video.height : video.width,
				height: isTurned ? video.width : video.height,
			}),
			audio: streams.some(({ codec_type }) => codec_type === 'audio'),
			bytes: Number(format.size),
		});
		const probed = {
			// a fragmented file has a duration only if it states one
			duration: isFragmented ? undefined : Number(format.duration),
			fps: video && rateOf(video, isFragmented),
			...expected,
		};
		expectNear(duration, probed.duration);
		expectNear(fps, probed.fps);
	});
});

/** `nb_frames` ÷ `duration`. Of fragments, they know only what `moov` says, so their average is taken. */
function rateOf({ nb_frames, duration, avg_frame_rate }: Stream, isFragmented = false): number {
	const [frames, seconds] = isFragmented ? avg_frame_rate.split('/') : [nb_frames, duration];
	return Number(frames) / Number(seconds);
}

/** Facts have two decimals, and ffmpeg's `mvhd` counts in milliseconds. */
function expectNear(value: number | undefined, probed: number | undefined): void {
	if (value === undefined || probed === undefined) return expect(value).toBe(probed);
	expect(Math.abs(value - probed)).toBeLessThan(0.005 + 0.001);
}
