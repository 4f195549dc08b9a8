import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Length of a video's shorter side in pixels, by resolution. */
const SHORT_SIDES: Record<string, number> = { '1080p': 1080, '2k': 1440, '4k': 2160 };

/** Default settings of a request. */
const DEFAULTS = { aspect_ratio: '16:9', resolution: '720p', seconds: '8' };

const read = (name: string): Buffer => readFileSync(join(__dirname, 'fixtures', `${name}.mp4`));
const FILES = { landscape: read('landscape'), portrait: read('portrait') };

/**
 * Returns a complete MP4 file of 2 seconds and 320 × 180 pixels whose boxes say that it has the size and the
 * duration of the request, so that nobody needs a file per size.
 */
export function videoFor(request: Record<string, unknown>): Buffer {
	const { aspect_ratio, resolution, seconds } = { ...DEFAULTS, ...request };
	const isPortrait = aspect_ratio === '9:16';
	const short = SHORT_SIDES[resolution] ?? 720;
	const long = Math.round((short * 16) / 9);
	const video = Buffer.from(isPortrait ? FILES.portrait : FILES.landscape);
	// ISO/IEC 14496-12, 8.2.2 and 12.1.3
	const movie = video.indexOf('mvhd') + 4;
	video.writeUInt32BE(Number(seconds) * video.readUInt32BE(movie + 12), movie + 16);
	const entry = video.indexOf('avc1', video.indexOf('stsd')) + 4;
	video.writeUInt16BE(isPortrait ? short : long, entry + 24);
	video.writeUInt16BE(isPortrait ? long : short, entry + 26);
	return video;
}

/** The videos for default settings, 16:9 and 9:16. */
export const VIDEOS = {
	landscape: videoFor({}),
	portrait: videoFor({ aspect_ratio: '9:16' }),
};
