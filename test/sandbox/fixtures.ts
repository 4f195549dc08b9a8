import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string): Buffer => readFileSync(join(__dirname, 'fixtures', `${name}.mp4`));

/** Whole video files of two seconds, one of either shape. */
export const VIDEOS = { landscape: read('landscape'), portrait: read('portrait') };
