const { src, dest } = require('gulp');

/** Copies what tsc leaves behind: the icons, and the codex file that n8n reads beside the node. */
function buildIcons() {
	return src(['icons/*.svg', 'nodes/**/*.node.json'], { base: '.', encoding: false }).pipe(
		dest('dist'),
	);
}

exports['build:icons'] = buildIcons;
