/** The operating system and raw memory: one home for both, so that nothing else knows them. */
package io.netmap4j.linux;
