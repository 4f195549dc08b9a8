/** n8n's own CLI on this package: its lint, and whether it calls the package fit for verification. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './tarball';

const CLI = join(ROOT, 'node_modules', '@n8n', 'node-cli', 'bin', 'n8n-node.mjs');
/** Lets ESLint find test/eslint.config.mjs; the configuration at the top has to be n8n's default. */
const ENV = { ...process.env, ESLINT_FLAGS: 'unstable_config_lookup_from_file' };

function n8nNode(command: string): { passed: boolean; output: string } {
	const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, command], {
		cwd: ROOT,
		encoding: 'utf8',
		env: ENV,
	});
	// coloured wherever the environment asks for it, in the middle of a sentence too
	const output = stripVTControlCharacters(stdout + stderr);
	console.log(output.trimEnd());
	return { passed: status === 0, output };
}

const lint = n8nNode('lint');
const cloudSupport = n8nNode('cloud-support');
// it exits with 0 whatever it finds
const isEligible = cloudSupport.output.includes('Cloud support is ENABLED');
process.exitCode = lint.passed && cloudSupport.passed && isEligible ? 0 : 1;
