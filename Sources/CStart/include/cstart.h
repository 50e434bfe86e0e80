// What has to be settled before the libraries of a process start. Linking is enough: there is nothing to call.
