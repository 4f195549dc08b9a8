/**
 * Runs n8n's own CLI on this package, for its lint and its check that the package is eligible for
 * verification.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './tarball';

const CLI = join(ROOT, 'node_modules', '@n8n', 'node-cli', 'bin', 'n8n-node.mjs');
/** This lets ESLint find test/eslint.config.mjs; n8n requires its own default configuration at the root. */
const ENV = { ...process.env, ESLINT_FLAGS: 'unstable_config_lookup_from_file' };

function n8nNode(command: string): { passed: boolean; output: string } {
	const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, command], {
		cwd: ROOT,
		encoding: 'utf8',
		env: ENV,
	});
	// Depending on the environment, the output contains color codes, even within a sentence.
	const output = stripVTControlCharacters(stdout + stderr);
	console.log(output.trimEnd());
	return { passed: status === 0, output };
}

const lint = n8nNode('lint');
const cloudSupport = n8nNode('cloud-support');
// The exit code is always 0, so the output has to be read.
const isEligible = cloudSupport.output.includes('Cloud support is ENABLED');
process.exitCode = lint.passed && cloudSupport.passed && isEligible ? 0 : 1;
