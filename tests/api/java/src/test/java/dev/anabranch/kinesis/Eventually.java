package dev.anabranch.kinesis;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/** Waits for what must come true, and says what did not. */
final class Eventually {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private Eventually() {}

    static void holds(String what, Callable<Boolean> condition) {
        holds(what, PATIENCE, condition);
    }

    static void holds(String what, Duration patience, Callable<Boolean> condition) {
        Instant deadline = Instant.now().plus(patience);
        try {
            while (!condition.call()) {
                if (Instant.now().isAfter(deadline)) {
                    throw new AssertionError("not within " + patience.toSeconds() + " s: " + what);
                }
                Thread.sleep(50);
            }
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IllegalStateException(what, failure);
        }
    }
}
