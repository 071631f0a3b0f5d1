/** {@code netmap4j top}: a live view of ports that other processes have. */
package io.netmap4j.apps.top;
