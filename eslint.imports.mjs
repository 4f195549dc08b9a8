import tseslint from 'typescript-eslint';

// Apart from eslint.config.mjs, which must equal n8n's default to the letter.

/**
 * What the files of each folder may import from the node, as the beginnings of paths. Imports run one way:
 * node → operations → fields; node → run → suspension → steps → state; all → files → timing → api.
 */
const MAY_IMPORT = {
	api: ['./'],
	timing: ['./', '../api/'],
	files: ['./', '../timing/', '../api/', '../job'],
	testMode: ['./', '../api/', '../job'],
	fields: ['./', '../files/', '../api/', '../job'],
	operations: ['./', '../fields/', '../testMode/', '../api/', '../job'],
	methods: ['./', '../operations', '../timing/', '../api/'],
	// of the suspension, its index only
	run: ['./(?!suspension/)', '../timing/', '../api/', '../job'],
	'run/state': [
		'./',
		'../../testMode/',
		'../../files/',
		'../../timing/',
		'../../api/',
		'../../job',
	],
	'run/steps': ['./', '../state/', '../../files/', '../../timing/', '../../api/', '../../job'],
	'run/suspension': [
		'./',
		'../carryOut',
		'../steps/',
		'../state/',
		'../../timing/',
		'../../api/',
		'../../job',
	],
};

export default Object.entries(MAY_IMPORT).map(([folder, paths]) => {
	const allowed = paths
		.map((path) => path.replace(/^[.]+/, (dots) => dots.replaceAll('.', '\\.')))
		.join('|');
	const message = `Imports run one way: ${folder}/ may import ${paths.join(', ')} only.`;
	return {
		files: [`nodes/OctopusXVideo/${folder}/*.ts`],
		languageOptions: { parser: tseslint.parser },
		rules: {
			'no-restricted-imports': ['error', { patterns: [{ regex: `^(?!${allowed})\\.`, message }] }],
		},
	};
});
