export interface Size {
	width: number;
	height: number;
}

export const FRAMES_PER_SECOND = 5;
const SECONDS = 3;

type Color = [red: number, green: number, blue: number];

const BACKGROUND: Color = [28, 33, 56];
const WORD: Color = [255, 255, 255];
const TRACK: Color = [60, 68, 104];
const BAR: Color = [255, 138, 76];

/** The letters in a grid of 5 by 7 dots; each string is a row. */
const LETTERS: Record<string, string[]> = {
	S: [' ### ', '#   #', '#    ', ' ### ', '    #', '#   #', ' ### '],
	A: [' ### ', '#   #', '#   #', '#####', '#   #', '#   #', '#   #'],
	M: ['#   #', '## ##', '# # #', '# # #', '#   #', '#   #', '#   #'],
	P: ['#### ', '#   #', '#   #', '#### ', '#    ', '#    ', '#    '],
	L: ['#    ', '#    ', '#    ', '#    ', '#    ', '#    ', '#####'],
	E: ['#####', '#    ', '#    ', '#### ', '#    ', '#    ', '#####'],
};
const TEXT = 'SAMPLE';
/** There is one empty column between letters. */
const TEXT_COLUMNS = 6 * TEXT.length - 1;
const TEXT_ROWS = 7;

/** Draws the frames of a sample as RGB: the word SAMPLE and a progress bar. */
export function frames(size: Size): Buffer[] {
	const count = SECONDS * FRAMES_PER_SECOND;
	return Array.from({ length: count }, (_, n) => frame(size, (n + 1) / count));
}

/** @param progress 0 to 1 */
function frame({ width, height }: Size, progress: number): Buffer {
	const picture = Buffer.alloc(width * height * 3);
	const fill = (color: Color, left: number, top: number, right: number, bottom: number) => {
		for (let y = top; y < bottom; y++) {
			for (let x = left; x < right; x++) picture.set(color, (y * width + x) * 3);
		}
	};
	fill(BACKGROUND, 0, 0, width, height);

	// The number of pixels must be even, because color has half the resolution of brightness in a video.
	const dot = 2 * Math.floor((width * 0.7) / TEXT_COLUMNS / 2);
	const left = even((width - dot * TEXT_COLUMNS) / 2);
	const top = even((height - dot * TEXT_ROWS) / 2);
	for (const [index, letter] of [...TEXT].entries()) {
		for (const [row, dots] of (LETTERS[letter] ?? []).entries()) {
			for (const [column, mark] of [...dots].entries()) {
				if (mark !== '#') continue;
				const x = left + dot * (6 * index + column);
				const y = top + dot * row;
				fill(WORD, x, y, x + dot, y + dot);
			}
		}
	}

	const right = left + dot * TEXT_COLUMNS;
	const barTop = top + dot * (TEXT_ROWS + 2);
	fill(TRACK, left, barTop, right, barTop + 8);
	fill(BAR, left, barTop, left + even((right - left) * progress), barTop + 8);
	return picture;
}

function even(value: number): number {
	return 2 * Math.round(value / 2);
}
