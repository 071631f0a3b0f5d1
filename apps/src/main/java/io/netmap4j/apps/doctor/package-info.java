/** {@code netmap4j doctor}: what a machine and a card say of themselves, with a verdict on each. */
package io.netmap4j.apps.doctor;
