const { src, dest } = require('gulp');

/** What tsc leaves behind: the icons, and what n8n reads beside the node, its codex file and its output schemas. */
const ASSETS = ['icons/*.svg', 'nodes/**/*.node.json', 'nodes/**/__schema__/**/*.json'];

function buildIcons() {
	return src(ASSETS, { base: '.', encoding: false }).pipe(dest('dist'));
}

exports['build:icons'] = buildIcons;
