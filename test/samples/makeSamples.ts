/**
 * Makes the videos that Test Mode delivers. Writes them into a module, because node code may not
 * read files. Needs ffmpeg (Debian: `apt-get install ffmpeg`).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../package/tarball';
import { FRAMES_PER_SECOND, frames, type Size } from './picture';

/** The size of the sample for each aspect ratio. They are small enough for items in n8n's database. */
const SIZES: Record<string, Size> = {
	'16:9': { width: 320, height: 180 },
	'9:16': { width: 180, height: 320 },
	'1:1': { width: 240, height: 240 },
};

const MODULE = join(ROOT, 'nodes', 'OctopusXVideo', 'testMode', 'samples.ts');

/**
 * The baseline profile of H.264 plays everywhere. Because the index comes first, browsers can start
 * at once.
 */
const ENCODING = [
	...['-c:v', 'libx264', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-preset', 'veryslow'],
	...['-crf', '28', '-g', '1000', '-movflags', '+faststart'],
	// These options keep program names and versions out of the file.
	...['-bsf:v', 'filter_units=remove_types=6', '-map_metadata', '-1'],
	...['-fflags', '+bitexact', '-flags:v', '+bitexact', '-threads', '1'],
];

function encode({ width, height }: Size): Buffer {
	const folder = mkdtempSync(join(tmpdir(), 'octopusx-samples-'));
	const path = join(folder, 'sample.mp4');
	const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`];
	const rate = ['-r', String(FRAMES_PER_SECOND), '-i', '-'];
	try {
		execFileSync('ffmpeg', ['-v', 'error', ...input, ...rate, ...ENCODING, path], {
			input: Buffer.concat(frames({ width, height })),
		});
		return readFileSync(path);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

const entries = Object.entries(SIZES).map(([ratio, size]) => {
	const video = encode(size);
	console.log(`${ratio}: ${size.width}x${size.height}, ${video.length} bytes`);
	return `\t'${ratio}':\n\t\t'${video.toString('base64')}',\n`;
});

writeFileSync(
	MODULE,
	`/** The videos of Test Mode by aspect ratio: MP4 in base64. Made by \`npm run samples\`. */
export const SAMPLES: Readonly<Record<string, string>> = {
${entries.join('')}};
`,
);
