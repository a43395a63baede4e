import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BIN = process.env.CONFAB_BIN ?? fileURLToPath(new URL('../../../target/debug/confab', import.meta.url));
/** Longest wait for the server to accept connections. Unit: milliseconds. */
const READY_MS_MAX = 20_000;

/**
 * Starts the server and waits until it accepts connections.
 * @param {{listen?: string, data?: string, flags?: string[]}} [options]  Without `data` nothing is kept on disk.
 */
export async function startServer({ listen = '127.0.0.1:0', data, flags = [] } = {}) {
  const kept = data ? ['--data', data] : ['--memory'];
  const child = spawn(BIN, ['--listen', listen, ...kept, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints += chunk));
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  const http = await Promise.race([
    address(child.stdout),
    exited.then((why) => Promise.reject(new Error(`${BIN} stopped (${why}): ${complaints}`))),
  ]);
  const end = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return { http, listen: new URL(http).host, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

function address(stdout) {
  return new Promise((resolve, reject) => {
    AbortSignal.timeout(READY_MS_MAX).onabort = () => reject(new Error('The server is not ready in time.'));
    // Continues to read after the line. Otherwise the server would block once the pipe is full.
    createInterface({ input: stdout }).on('line', (line) => {
      const ready = /^CONFAB_READY http=(\S+)/.exec(line);
      if (ready) resolve(ready[1]);
    });
  });
}
