"""The stand-in for CloudPanel's clpctl; every fact comes from the reference page on clpctl.

[I] marks what that page infers, or what is inferred here where it is silent. Modules are kept few and their
imports minimal: every one of a thousand calls in a test pays for them.
"""
