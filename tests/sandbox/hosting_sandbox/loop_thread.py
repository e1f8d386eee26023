"""An asyncio loop in a thread of its own: what the tests' servers run in, beside the test."""

import asyncio
import threading


class LoopThread:
    """`call` works from every thread; `stop` cancels what still runs and waits for the thread's end."""

    def __init__(self, name):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def call(self, function, *arguments):
        """Runs a plain function in the loop's thread, nothing else at the same time, and returns its value."""
        if threading.current_thread() is self._thread:
            return function(*arguments)

        async def run():
            return function(*arguments)
        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(30)

    def start_task(self, coroutine):
        """Only in the loop's thread."""
        return self._loop.create_task(coroutine)

    def stop(self):
        if not self._thread.is_alive():
            return

        async def cancel_all():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(cancel_all(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
