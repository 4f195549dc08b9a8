import tseslint from 'typescript-eslint';

// Apart from eslint.config.mjs, which n8n wants to be its own default, to the letter.

/**
 * What the files of each folder may import of the node, as paths begin. Imports run one way:
 * node → operations → fields; node → run → suspension, steps → state; operations, state → testMode; all of them → files → timing → api.
 */
const MAY_IMPORT = {
	api: ['./'],
	timing: ['./', '../api/'],
	testMode: ['./', '../api/', '../job'],
	files: ['./', '../timing/', '../api/', '../job'],
	fields: ['./', '../files/', '../api/', '../job'],
	operations: ['./', '../fields/', '../testMode/', '../api/', '../job'],
	methods: ['./', '../operations', '../timing/', '../api/'],
	run: ['./', '../timing/', '../api/', '../job'],
	'run/state': ['./', '../../testMode/', '../../timing/', '../../api/', '../../job'],
	'run/steps': ['./', '../state/', '../../files/', '../../timing/', '../../api/', '../../job'],
	'run/suspension': ['./', '../state/', '../../timing/', '../../api/', '../../job'],
};

export default Object.entries(MAY_IMPORT).map(([folder, paths]) => {
	const allowed = paths.map((path) => path.replaceAll('.', '\\.')).join('|');
	const message = `Imports run one way: ${folder}/ may import ${paths.join(', ')} only.`;
	return {
		files: [`nodes/OctopusXVideo/${folder}/*.ts`],
		languageOptions: { parser: tseslint.parser },
		rules: {
			'no-restricted-imports': ['error', { patterns: [{ regex: `^(?!${allowed})\\.`, message }] }],
		},
	};
});
