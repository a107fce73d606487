from shared.main import main

from dispatch.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
