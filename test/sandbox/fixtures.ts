import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string): Buffer => readFileSync(join(__dirname, 'fixtures', `${name}.mp4`));

/** Complete MP4 files of 2 seconds, 16:9 and 9:16. */
export const VIDEOS = { landscape: read('landscape'), portrait: read('portrait') };
