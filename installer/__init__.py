"""The first set-up of an appliance: questions, keys, the site of nginx, a check list. Asked again, it changes only what
is asked."""
