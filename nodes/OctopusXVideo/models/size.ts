/** Length of the shorter side in pixels, by resolution. */
const SHORT_SIDES = new Map(Object.entries({ '720p': 720, '1080p': 1080, '2k': 1440, '4k': 2160 }));

/** Returns the size of a picture, such as 1280x720, or `undefined` for other ratios and resolutions. */
export function sizeOf(aspectRatio: string, resolution: string): string | undefined {
	const shape = shapeOf(aspectRatio);
	const short = SHORT_SIDES.get(resolution.toLowerCase());
	if (!shape || !short) return undefined;
	// the sides of a video have an even number of pixels
	const long = 2 * Math.round((short * Math.max(shape, 1 / shape)) / 2);
	return shape >= 1 ? `${long}x${short}` : `${short}x${long}`;
}

/** Returns width divided by height, or 0 if the string is not a ratio. */
export function shapeOf(aspectRatio: string): number {
	const [, width, height] = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(aspectRatio.trim()) ?? [];
	const shape = Number(width) / Number(height);
	return shape > 0.01 && shape < 100 ? shape : 0;
}
